package cli

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"gonets/internal/i18n"
)

// manual writes the help of a command in the person's language. What the
// grammar has as help is the key of a sentence.
type manual struct {
	say   *i18n.Localizer
	width int // columns
	text  strings.Builder
}

const (
	settingsGroup = "settings" // of the flags that are settings
	usualWidth    = 80         // where there is no terminal
	maxWidth      = 120        // longer lines are hard to read
	maxName       = 30         // columns; what is longer has a line of its own
)

// helper is kong's way to show help.
func helper(say *i18n.Localizer) kong.HelpPrinter {
	return func(_ kong.HelpOptions, ctx *kong.Context) error {
		m := &manual{say: say, width: widthOf(ctx.Stdout)}
		m.command(ctx.Model, ctx.Selected())
		_, err := io.WriteString(ctx.Stdout, m.text.String())
		return err
	}
}

// widthOf is how many columns there are to write in.
func widthOf(stream io.Writer) int {
	if file, ok := stream.(*os.File); ok {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			return min(width, maxWidth)
		}
	}
	return usualWidth
}

// command explains one; nil: the program. The settings are shown for serve
// alone: elsewhere they would bury the commands or a command's own few flags.
func (m *manual) command(app *kong.Application, node *kong.Node) {
	usage := app.Name + app.Summary()
	if node == nil {
		node = app.Node
	} else {
		usage = app.Name + " " + node.Summary()
	}
	words := strings.NewReplacer("<command>", m.say.T("help.a_command"), "[flags]", m.say.T("help.some_flags"))
	m.line(m.say.T("help.usage", "Command", words.Replace(usage)))
	m.line("")
	m.paragraph("", m.say.T(node.Help))

	m.section("help.arguments", "", arguments(node))
	flags, settings := flagsOf(node)
	m.section("help.flags", "", flags)
	if node.Name == "serve" {
		m.section("help.settings", "help.settings_note", settings)
	}
	m.section("help.commands", "", commands(node))
	if node == app.Node {
		m.line("")
		m.paragraph("", m.say.T("help.more", "Command", words.Replace(app.Name+" <command> --help")))
	}
}

// entry is something with its explanation.
type entry struct{ name, key string }

func arguments(node *kong.Node) (list []entry) {
	for _, a := range node.Positional {
		list = append(list, entry{a.Summary(), a.Help})
	}
	return list
}

// flagsOf are a command's own flags and those above it, the settings apart.
func flagsOf(node *kong.Node) (flags, settings []entry) {
	for _, level := range node.AllFlags(true) {
		for _, f := range level {
			e := entry{flagName(f), f.Help}
			if f.Group != nil && f.Group.Key == settingsGroup {
				settings = append(settings, e)
			} else {
				flags = append(flags, e)
			}
		}
	}
	return flags, settings
}

func flagName(f *kong.Flag) string {
	name := "    --" + f.Name
	if f.Short != 0 {
		name = "-" + string(f.Short) + ", --" + f.Name
	}
	if !f.IsBool() {
		name += "=" + f.FormatPlaceHolder()
	}
	return name
}

// commands are those that can be run at and below a node.
func commands(node *kong.Node) (list []entry) {
	if len(node.Children) == 0 {
		return nil
	}
	for _, c := range node.Leaves(true) {
		list = append(list, entry{c.Path(), c.Help})
	}
	return list
}

// section is a list of entries in two columns under a title.
func (m *manual) section(title, note string, list []entry) {
	if len(list) == 0 {
		return
	}
	m.line("")
	m.line(m.say.T(title))
	if note != "" {
		m.paragraph("  ", m.say.T(note))
		m.line("")
	}
	column := 0
	for _, e := range list {
		if n := utf8.RuneCountInString(e.name); n <= maxName {
			column = max(column, n)
		}
	}
	indent := strings.Repeat(" ", 2+column+2)
	for _, e := range list {
		name := "  " + e.name
		if gap := column - utf8.RuneCountInString(e.name); gap >= 0 {
			m.hang(name+strings.Repeat(" ", gap+2), indent, m.say.T(e.key))
			continue
		}
		m.line(name)
		m.paragraph(indent, m.say.T(e.key))
	}
}

func (m *manual) line(text string) { m.text.WriteString(strings.TrimRight(text, " ") + "\n") }

// paragraph writes a text in lines that fit.
func (m *manual) paragraph(indent, text string) { m.hang(indent, indent, text) }

// hang is a paragraph whose first line begins in its own way, as wide as the
// indent of the others.
func (m *manual) hang(first, indent, text string) {
	line, used := first, utf8.RuneCountInString(first)
	empty := true
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if !empty && used+1+n > m.width {
			m.line(line)
			line, used, empty = indent, utf8.RuneCountInString(indent), true
		}
		if !empty {
			line, used = line+" ", used+1
		}
		line, used, empty = line+word, used+n, false
	}
	m.line(line)
}
