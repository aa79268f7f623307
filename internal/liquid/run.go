package liquid

import (
	"strings"
	"time"
	"unicode"
)

// run is the state of one rendering.
type run struct {
	source string
	dst    []byte
	base   int // where the output begins in dst
	mode   Mode
	vars   map[string]any
	limits Limits
	now    time.Time
	zone   *time.Location

	steps     int // left
	made      int // bytes of values left
	interrupt interrupt
	slots     []slot  // what was assigned
	loops     []*loop // the open loops, outermost first
}

// slot is an assigned name. It hides a variable only once it is set.
type slot struct {
	value any
	set   bool
}

// interrupt is what a break or continue asks of the loop around it.
type interrupt int

const (
	none   interrupt = iota
	toNext           // continue
	toEnd            // break
)

// forget drops everything that belongs to the caller of Render.
func (r *run) forget() {
	clear(r.slots)
	clear(r.loops)
	*r = run{slots: r.slots, loops: r.loops}
}

func (r *run) fail(offset int, key string, values args) error {
	line, column := position(r.source, offset)
	return &RenderError{Line: line, Column: column, Key: key, Args: values}
}

// all renders nodes up to an interrupt.
func (r *run) all(nodes []node) error {
	for _, n := range nodes {
		if err := n.render(r); err != nil {
			return err
		}
		if r.interrupt != none {
			break
		}
	}
	return nil
}

// step takes n steps from the limit.
func (r *run) step(offset, n int) error {
	if r.steps -= n; r.steps < 0 {
		return r.fail(offset, "liquid.too_many_steps", args{"Limit": r.limits.Steps})
	}
	return nil
}

// read takes the steps for reading n bytes of a value.
func (r *run) read(offset, n int) error { return r.step(offset, n/128) }

// make takes n bytes, which are about to be made into a value.
func (r *run) make(offset, n int) error {
	if n > r.limits.Output {
		return r.fail(offset, "liquid.values_too_long", args{"Limit": r.limits.Output})
	}
	if r.made -= n; r.made < 0 {
		return r.fail(offset, "liquid.values_too_long", args{"Limit": r.limits.Output * madeFactor})
	}
	return nil
}

// room refuses n more bytes of output where they pass the limit.
func (r *run) room(offset, n int) error {
	if n > r.limits.Output-(len(r.dst)-r.base) {
		return r.fail(offset, "liquid.output_too_long", args{"Limit": r.limits.Output})
	}
	return nil
}

// write prints s as it is.
func (r *run) write(offset int, s string) error {
	if err := r.room(offset, len(s)); err != nil {
		return err
	}
	r.dst = append(r.dst, s...)
	return nil
}

// print prints a value in the way of the mode.
func (r *run) print(offset int, v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return r.printText(offset, v)
	case Safe:
		if r.mode == HTML {
			return r.write(offset, string(v))
		}
		return r.printText(offset, string(v))
	case []any:
		return r.printList(offset, v, 0)
	}
	r.dst = appendScalar(r.dst, v, r.zone) // short, and nothing in it to escape
	return r.room(offset, 0)
}

func (r *run) printText(offset int, s string) error {
	switch r.mode {
	case HTML:
		if err := r.room(offset, escapedLen(s)); err != nil {
			return err
		}
		r.dst = Escape(r.dst, s)
		return nil
	case Header:
		if hasControl(s) {
			return r.fail(offset, "liquid.control_character", nil)
		}
	}
	return r.write(offset, s)
}

func (r *run) printList(offset int, list []any, depth int) error {
	if depth > MaxDepth {
		return nil
	}
	for _, v := range list {
		if err := r.step(offset, 1); err != nil {
			return err
		}
		var err error
		if inner, ok := v.([]any); ok {
			err = r.printList(offset, inner, depth+1)
		} else {
			err = r.print(offset, known(v))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hasControl reports whether s has a control character: C0, DEL or C1.
func hasControl(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < 0x20 || c == 0x7f:
			return true
		case c >= 0x80:
			return strings.ContainsFunc(s[i:], unicode.IsControl)
		}
	}
	return false
}

// loop is the value forloop.
type loop struct {
	name          *string // of its for
	index, length int64
	item          any
	parent        *loop
}

// field is one of its properties.
func (l *loop) field(key string) any {
	switch key {
	case "name":
		return *l.name
	case "index":
		return l.index + 1
	case "index0":
		return l.index
	case "rindex":
		return l.length - l.index
	case "rindex0":
		return l.length - l.index - 1
	case "first":
		return l.index == 0
	case "last":
		return l.index == l.length-1
	case "length":
		return l.length
	case "parentloop":
		if l.parent != nil {
			return l.parent
		}
	}
	return nil
}
