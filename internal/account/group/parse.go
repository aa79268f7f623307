package group

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"

	"gonets/internal/fault"
)

// Limits of a file, so that a wrong one is refused and not kept.
const (
	maxFile   = 1 << 20 // bytes
	maxGroups = 100
)

// nameForm is what a group may be called: a word for commands and addresses.
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// Named reports whether a group may be called so.
func Named(name string) bool { return nameForm.MatchString(name) }

// Parse reads a file of groups:
//
//	[{"name": "editors", "permissions": ["article.edit"]}]
//
// grantable answers with the key of a sentence (with .Permission) that says why
// a permission can't be given, or with nothing. Everything that is wrong is
// told at once, each with its line, as an Invalid error of the field "file".
func Parse(data []byte, grantable func(permission string) (key string)) ([]Group, error) {
	p := &parser{data: data, dec: json.NewDecoder(bytes.NewReader(data)), grantable: grantable, seen: map[string]bool{}}
	if len(data) > maxFile {
		return nil, fault.Fields{{Name: "file", Key: "group.too_large"}}.Err()
	}
	groups, err := p.file()
	if err != nil {
		p.wrong("group.syntax", fault.Args{"Cause": err.Error()})
	} else if len(groups) > maxGroups {
		p.wrong("group.too_many", fault.Args{"Count": maxGroups})
	}
	if err := p.fields.Err(); err != nil {
		return nil, err
	}
	return groups, nil
}

// parser walks the file token by token, for that tells where it stands.
type parser struct {
	data      []byte
	dec       *json.Decoder
	grantable func(string) string
	seen      map[string]bool // names of groups
	fields    fault.Fields
}

// wrong notes what is wrong with the token just read.
func (p *parser) wrong(key string, args fault.Args) {
	line := 1 + bytes.Count(p.data[:min(int(p.dec.InputOffset()), len(p.data))], []byte("\n"))
	whole := fault.Args{"Line": line}
	for name, arg := range args {
		whole[name] = arg
	}
	p.fields.Add("file", key, whole)
}

func (p *parser) file() (groups []Group, err error) {
	err = p.array(func() error {
		g, err := p.group()
		groups = append(groups, g)
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("text after the list")
	}
	return groups, nil
}

func (p *parser) group() (g Group, err error) {
	if err := p.delim('{'); err != nil {
		return g, err
	}
	for p.dec.More() {
		key, err := p.text()
		if err != nil {
			return g, err
		}
		switch key {
		case "name":
			if g.Name, err = p.text(); err == nil {
				p.name(g.Name)
			}
		case "permissions":
			g.Permissions, err = p.permissions()
		default:
			return g, fmt.Errorf("unknown field %q", key)
		}
		if err != nil {
			return g, err
		}
	}
	if err := p.delim('}'); err != nil {
		return g, err
	}
	if g.Name == "" {
		p.wrong("group.nameless", nil)
	}
	return g, nil
}

func (p *parser) name(name string) {
	switch {
	case !Named(name):
		p.wrong("group.name", fault.Args{"Name": name})
	case p.seen[name]:
		p.wrong("group.twice", fault.Args{"Name": name})
	}
	p.seen[name] = true
}

func (p *parser) permissions() (names []string, err error) {
	err = p.array(func() error {
		name, err := p.text()
		if err != nil {
			return err
		}
		if key := p.grantable(name); key != "" {
			p.wrong(key, fault.Args{"Permission": name})
		}
		names = append(names, name)
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names), err
}

func (p *parser) array(element func() error) error {
	if err := p.delim('['); err != nil {
		return err
	}
	for p.dec.More() {
		if err := element(); err != nil {
			return err
		}
	}
	return p.delim(']')
}

func (p *parser) delim(want json.Delim) error {
	token, err := p.dec.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("%v instead of %v", token, want)
	}
	return nil
}

func (p *parser) text() (string, error) {
	token, err := p.dec.Token()
	if err != nil {
		return "", err
	}
	s, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("%v instead of a text", token)
	}
	return s, nil
}
