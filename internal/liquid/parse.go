package liquid

import (
	"slices"
	"strings"
)

// parser builds the nodes of a source. It goes through the source once.
type parser struct {
	source  string
	scan    scanner
	depth   int      // open blocks and brackets
	within  []string // variables of the open loops, outermost first
	deepest int      // most loops ever open at once

	names    map[string]*variable // by name; shared by all paths that begin with it
	slots    int                  // names that are assigned somewhere
	paths    map[string]bool      // see Template.Variables; true: and Template.Prints
	printing bool                 // what is parsed now may come to be printed
}

func newParser(source string) *parser {
	return &parser{
		source: source,
		scan:   scanner{source: source},
		names:  map[string]*variable{},
		paths:  map[string]bool{},
	}
}

func (p *parser) fail(offset int, key string, values args) error {
	line, column := position(p.source, offset)
	return &SyntaxError{Line: line, Column: column, Key: key, Args: values}
}

// deeper counts one more level of nesting; the caller ends it with p.depth--.
func (p *parser) deeper(offset int) error {
	if p.depth++; p.depth > MaxDepth {
		return p.fail(offset, "liquid.nested_too_deep", args{"Limit": MaxDepth})
	}
	return nil
}

// block parses the body of the tag opener (nil: the whole source) up to a tag
// named in ends, which it passes and returns.
func (p *parser) block(opener *piece, ends ...string) (body []node, end piece, err error) {
	for {
		part, problem := p.scan.next()
		if problem != "" {
			return nil, part, p.fail(part.open, problem, nil)
		}
		switch part.kind {
		case pieceEnd:
			if opener != nil {
				return nil, part, p.fail(opener.open, "liquid.unclosed_block", args{"Tag": opener.name})
			}
			return body, part, nil
		case pieceText:
			body = append(body, newText(part))
		case pieceOutput:
			n, err := p.output(part)
			if err != nil {
				return nil, part, err
			}
			body = append(body, n)
		case pieceTag:
			if slices.Contains(ends, part.name) {
				return body, part, nil
			}
			n, err := p.tag(part)
			if err != nil {
				return nil, part, err
			}
			if n != nil {
				body = append(body, n)
			}
		}
	}
}

// branch is block one level deeper.
func (p *parser) branch(opener *piece, ends ...string) ([]node, piece, error) {
	if err := p.deeper(opener.open); err != nil {
		return nil, piece{}, err
	}
	defer func() { p.depth-- }()
	return p.block(opener, ends...)
}

// tag parses one tag and, where it opens a block, everything up to its end. A
// tag that does nothing is a nil node.
func (p *parser) tag(t piece) (node, error) {
	switch t.name {
	case "if", "unless":
		return p.choice(t)
	case "case":
		return p.cases(t)
	case "for":
		return p.loop(t)
	case "assign":
		return p.assign(t)
	case "break", "continue":
		if err := p.bare(t); err != nil {
			return nil, err
		}
		if t.name == "break" {
			return jump{toEnd}, nil
		}
		return jump{toNext}, nil
	case "comment":
		if !p.scan.comment() {
			return nil, p.fail(t.open, "liquid.unclosed_block", args{"Tag": t.name})
		}
		return nil, nil
	case "raw":
		return p.raw(t)
	case "else", "elsif", "when", "endif", "endunless", "endcase", "endfor", "endcomment", "endraw":
		return nil, p.fail(t.at, "liquid.unexpected_tag", args{"Tag": t.name})
	}
	return nil, p.fail(t.at, "liquid.unknown_tag", args{"Tag": t.name})
}

// bare refuses arguments of a tag that has none.
func (p *parser) bare(t piece) error {
	c, err := p.cursor(t)
	if err != nil {
		return err
	}
	return c.end()
}

func (p *parser) raw(t piece) (node, error) {
	if err := p.bare(t); err != nil {
		return nil, err
	}
	body, ok := p.scan.raw("endraw")
	if !ok {
		return nil, p.fail(t.open, "liquid.unclosed_block", args{"Tag": t.name})
	}
	if body == "" {
		return nil, nil
	}
	return &text{at: t.open, s: body}, nil
}

func (p *parser) output(t piece) (node, error) {
	c, err := p.cursor(t)
	if err != nil {
		return nil, err
	}
	n := &output{at: t.open}
	if c.peek().kind != tokenEnd {
		n.value, err = c.printed(c.filtered)
	}
	return n, err
}

func (p *parser) assign(t piece) (node, error) {
	c, err := p.cursor(t)
	if err != nil {
		return nil, err
	}
	name, err := c.name()
	if err != nil {
		return nil, err
	}
	if err := c.expect("="); err != nil {
		return nil, err
	}
	value, err := c.printed(c.filtered)
	if err != nil {
		return nil, err
	}
	v := p.variable(name)
	if v.slot == unassigned {
		v.slot = p.slots
		p.slots++
	}
	return &assign{at: t.open, slot: v.slot, value: value}, nil
}

// choice parses if and unless.
func (p *parser) choice(t piece) (node, error) {
	end := "end" + t.name
	n := &choice{}
	for part := t; part.name != end; {
		var b clause
		var err error
		if part.name == "else" {
			err = p.bare(part)
		} else if b.when, err = p.condition(part); err == nil {
			b.negated = part.name == "unless"
		}
		if err != nil {
			return nil, err
		}
		ends := []string{"elsif", "else", end}
		if part.name == "else" {
			ends = ends[2:]
		}
		if b.body, part, err = p.branch(&t, ends...); err != nil {
			return nil, err
		}
		n.clauses = append(n.clauses, b)
		if part.name == end {
			if err := p.bare(part); err != nil {
				return nil, err
			}
		}
	}
	n.dropBlank()
	return n, nil
}

// condition parses the whole inside of an if, unless or elsif.
func (p *parser) condition(t piece) (*condition, error) {
	c, err := p.cursor(t)
	if err != nil {
		return nil, err
	}
	return c.condition()
}

func (p *parser) cases(t piece) (node, error) {
	c, err := p.cursor(t)
	if err != nil {
		return nil, err
	}
	n := &cases{at: t.open}
	if n.subject, err = c.value(); err != nil {
		return nil, err
	}
	if err := c.end(); err != nil {
		return nil, err
	}
	before, part, err := p.branch(&t, "when", "else", "endcase")
	if err != nil {
		return nil, err
	}
	if !allBlank(before) {
		return nil, p.fail(t.open, "liquid.text_before_when", nil)
	}
	for part.name != "endcase" {
		if part, err = p.when(n, &t, part); err != nil {
			return nil, err
		}
	}
	n.dropBlank()
	return n, p.bare(part)
}

// when parses one when or else of a case and returns the tag after it.
func (p *parser) when(n *cases, opener *piece, part piece) (next piece, err error) {
	if part.name == "else" {
		if err := p.bare(part); err != nil {
			return part, err
		}
		n.otherwise, next, err = p.branch(opener, "endcase")
		return next, err
	}
	c, err := p.cursor(part)
	if err != nil {
		return part, err
	}
	var w when
	if w.values, err = c.alternatives(); err != nil {
		return part, err
	}
	w.body, next, err = p.branch(opener, "when", "else", "endcase")
	n.whens = append(n.whens, w)
	return next, err
}

func (p *parser) loop(t piece) (node, error) {
	c, err := p.cursor(t)
	if err != nil {
		return nil, err
	}
	n := &each{at: t.open, depth: len(p.within)}
	name, err := c.loopHead(n)
	if err != nil {
		return nil, err
	}
	p.within = append(p.within, name)
	p.deepest = max(p.deepest, len(p.within))
	body, end, err := p.branch(&t, "else", "endfor")
	p.within = p.within[:n.depth]
	if err != nil {
		return nil, err
	}
	n.body = body
	if end.name == "else" {
		if err := p.bare(end); err != nil {
			return nil, err
		}
		if n.otherwise, end, err = p.branch(&t, "endfor"); err != nil {
			return nil, err
		}
	}
	n.dropBlank()
	return n, p.bare(end)
}

// variable is the shared entry of a name.
func (p *parser) variable(name string) *variable {
	v, ok := p.names[name]
	if !ok {
		v = &variable{name: name, slot: unassigned}
		p.names[name] = v
	}
	return v
}

// resolve makes the beginning of a path: a variable of an open loop, forloop,
// or a name that is looked up when rendering.
func (p *parser) resolve(name string) path {
	for i := len(p.within) - 1; i >= 0; i-- {
		switch name {
		case p.within[i]:
			return path{from: fromItem, depth: i}
		case "forloop":
			return path{from: fromLoop, depth: i}
		}
	}
	return path{from: fromVariable, root: p.variable(name)}
}

// note records a path for Template.Variables and Template.Prints.
func (p *parser) note(x *path) {
	if x.from != fromVariable || x.root.slot != unassigned {
		return
	}
	var b strings.Builder
	b.WriteString(x.root.name)
	for _, s := range x.steps {
		if s.index != nil {
			break
		}
		b.WriteByte('.')
		b.WriteString(s.key)
	}
	name := b.String()
	p.paths[name] = p.paths[name] || p.printing
}
