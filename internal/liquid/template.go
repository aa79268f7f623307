package liquid

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of Parse.
const (
	MaxSource = 1 << 20 // bytes of a source
	MaxDepth  = 50      // blocks or brackets inside each other
)

// Mode says for what place a template is rendered.
type Mode int

const (
	HTML   Mode = iota // values are escaped, except Safe ones
	Text               // values are written as they are
	Header             // as Text, but a value with a control character is refused
	Plain              // as Text, for a source made from HTML: escape and newline_to_br change nothing
)

// Limits bound one rendering. A zero field stands for that of [DefaultLimits].
type Limits struct {
	Steps  int // nodes, turns of loops, filters, conditions
	Output int // bytes; values made on the way may have four times as many
}

// DefaultLimits are far above what a letter needs.
var DefaultLimits = Limits{Steps: 100_000, Output: 2 << 20}

// madeFactor is how many times the output the values made on the way may weigh.
const madeFactor = 4

func (l Limits) orDefault() Limits {
	if l.Steps <= 0 {
		l.Steps = DefaultLimits.Steps
	}
	if l.Output <= 0 {
		l.Output = DefaultLimits.Output
	}
	l.Output = min(l.Output, math.MaxInt/madeFactor)
	return l
}

// Template is a parsed source.
type Template struct {
	source    string
	body      []node
	slots     int       // assigned names
	loops     int       // depth of the deepest loop
	variables []string  // sorted, unique
	printed   []string  // those of them that are not only asked about
	runs      sync.Pool // of *run, so that a rendering allocates nothing of its own
}

// Parse compiles source. Its errors are *SyntaxError.
func Parse(source string) (*Template, error) {
	p := newParser(source)
	if len(source) > MaxSource {
		return nil, p.fail(0, "liquid.source_too_long", args{"Limit": MaxSource})
	}
	body, _, err := p.block(nil)
	if err != nil {
		return nil, err
	}
	t := &Template{source: source, body: body, slots: p.slots, loops: p.deepest}
	for path, printed := range p.paths {
		t.variables = append(t.variables, path)
		if printed {
			t.printed = append(t.printed, path)
		}
	}
	slices.Sort(t.variables)
	return t, nil
}

// Variables are the dotted paths of the variables that the template reads,
// "recipient.name", sorted and unique. What it assigns itself and the variables
// of its loops are not among them. A path ends before the first index that is
// no literal text.
func (t *Template) Variables() []string { return slices.Clone(t.variables) }

// Uses reports whether the template reads the variable of a dotted path, or
// something inside it.
func (t *Template) Uses(path string) bool {
	return slices.ContainsFunc(t.variables, func(v string) bool {
		rest, ok := strings.CutPrefix(v, path)
		return ok && (rest == "" || rest[0] == '.')
	})
}

// Prints reports whether the template has an output of the variable of a dotted
// path, be it by way of a filter, an assigned name or a loop. Variables that
// only conditions ask about are not printed.
func (t *Template) Prints(path string) bool { return slices.Contains(t.printed, path) }

// Render appends to dst the template with vars, where values are nil, bool,
// int64 or int, float64, string, [Safe], []any, map[string]any or time.Time;
// anything else counts as nil. Times are shown in zone (nil is UTC), and now is
// the time that the filter date calls "now". Errors are *RenderError; dst then
// comes back as it was.
func (t *Template) Render(dst []byte, mode Mode, vars map[string]any, limits Limits, now time.Time, zone *time.Location) ([]byte, error) {
	limits = limits.orDefault()
	if zone == nil {
		zone = time.UTC
	}
	r, ok := t.runs.Get().(*run)
	if !ok {
		r = &run{slots: make([]slot, t.slots), loops: make([]*loop, t.loops)}
	}
	r.source, r.dst, r.base, r.mode, r.vars = t.source, dst, len(dst), mode, vars
	r.limits, r.now, r.zone = limits, now, zone
	r.steps, r.made, r.interrupt = limits.Steps, limits.Output*madeFactor, none

	err := r.all(t.body)
	out := r.dst
	r.forget()
	t.runs.Put(r)
	if err != nil {
		return dst, err
	}
	return out, nil
}
