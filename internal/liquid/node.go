package liquid

import "strings"

// node is a part of a template that can be rendered. Its steps and bytes are
// taken from the run's limits.
type node interface {
	render(r *run) error
}

// text is a stretch of the source.
type text struct {
	at    int
	s     string
	blank bool // only white space: dropped from a block that has nothing else
}

func newText(p piece) *text {
	return &text{at: p.open, s: p.body, blank: strings.Trim(p.body, space) == ""}
}

func (n *text) render(r *run) error {
	if err := r.step(n.at, 1); err != nil {
		return err
	}
	return r.write(n.at, n.s)
}

type output struct {
	at    int
	value expression // nil: nothing
}

func (n *output) render(r *run) error {
	if err := r.step(n.at, 1); err != nil || n.value == nil {
		return err
	}
	v, err := n.value.eval(r)
	if err != nil {
		return err
	}
	return r.print(n.at, v)
}

type assign struct {
	at    int
	slot  int
	value expression
}

func (n *assign) render(r *run) error {
	if err := r.step(n.at, 1); err != nil {
		return err
	}
	v, err := n.value.eval(r)
	if err != nil {
		return err
	}
	r.slots[n.slot] = slot{value: v, set: true}
	return nil
}

// jump is break or continue. Outside of loops it ends the rendering.
type jump struct{ to interrupt }

func (n jump) render(r *run) error {
	r.interrupt = n.to
	return nil
}

// choice is if or unless: the first clause that holds is rendered.
type choice struct{ clauses []clause }

type clause struct {
	when    *condition // nil: else
	negated bool
	body    []node
}

func (n *choice) render(r *run) error {
	for i := range n.clauses {
		c := &n.clauses[i]
		if c.when != nil {
			holds, err := c.when.holds(r)
			if err != nil {
				return err
			}
			if holds == c.negated {
				continue
			}
		}
		return r.all(c.body)
	}
	return nil
}

// cases is case: as in Shopify's Liquid a body is rendered once for each of its
// values that equals the subject, and else only if there was none.
type cases struct {
	at        int
	subject   expression
	whens     []when
	otherwise []node
}

type when struct {
	values []expression
	body   []node
}

func (n *cases) render(r *run) error {
	if err := r.step(n.at, 1); err != nil {
		return err
	}
	subject, err := n.subject.eval(r)
	if err != nil {
		return err
	}
	matched := false
	for i := range n.whens {
		w := &n.whens[i]
		for _, x := range w.values {
			v, err := x.eval(r)
			if err != nil {
				return err
			}
			same, err := r.equal(n.at, subject, v, 0)
			if err != nil {
				return err
			}
			if !same || r.interrupt != none {
				continue
			}
			matched = true
			if err := r.all(w.body); err != nil {
				return err
			}
		}
	}
	if matched {
		return nil
	}
	return r.all(n.otherwise)
}

// each is for. It goes over a value, or over the numbers first..last.
type each struct {
	at            int
	name          string     // variable and source of what it goes over: "item-recipient.orders"
	over          expression // nil: a range
	first, last   expression
	limit, offset expression // nil: none
	reversed      bool
	depth         int // loops around it
	body          []node
	otherwise     []node
}

func (n *each) render(r *run) error {
	if err := r.step(n.at, 1); err != nil {
		return err
	}
	s, err := n.sequence(r)
	if err != nil {
		return err
	}
	low, high, err := n.window(r, s)
	if err != nil {
		return err
	}
	if low >= high {
		return r.all(n.otherwise)
	}
	l := &loop{name: &n.name, length: high - low}
	if n.depth > 0 {
		l.parent = r.loops[n.depth-1]
	}
	outer := r.loops[n.depth]
	r.loops[n.depth] = l
	defer func() { r.loops[n.depth] = outer }()
	for ; l.index < l.length; l.index++ {
		if err := r.step(n.at, 1); err != nil {
			return err
		}
		at := low + l.index
		if n.reversed {
			at = high - 1 - l.index
		}
		l.item = s.at(at)
		if err := r.all(n.body); err != nil {
			return err
		}
		stop := r.interrupt == toEnd
		r.interrupt = none
		if stop {
			break
		}
	}
	return nil
}

// sequence is what the loop goes over.
func (n *each) sequence(r *run) (sequence, error) {
	if n.over != nil {
		v, err := n.over.eval(r)
		if err != nil {
			return sequence{}, err
		}
		return r.sequence(n.at, v)
	}
	first, err := n.first.eval(r)
	if err != nil {
		return sequence{}, err
	}
	last, err := n.last.eval(r)
	if err != nil {
		return sequence{}, err
	}
	return span(bound(first), bound(last)), nil
}

// window is where offset and limit begin and end in a sequence.
func (n *each) window(r *run, s sequence) (low, high int64, err error) {
	high = s.length
	if n.offset != nil {
		if low, _, err = r.whole(n.at, n.offset); err != nil {
			return 0, 0, err
		}
	}
	if n.limit != nil {
		limit, given, err := r.whole(n.at, n.limit)
		if err != nil {
			return 0, 0, err
		}
		if end, ok := addInt(low, limit); given && ok {
			high = min(high, end)
		} else if given && limit < 0 {
			high = 0
		}
	}
	if s.whole {
		return 0, s.length, nil
	}
	return max(low, 0), high, nil
}

// allBlank reports whether nodes print nothing but white space.
func allBlank(nodes []node) bool {
	for _, n := range nodes {
		switch n := n.(type) {
		case *text:
			if !n.blank {
				return false
			}
		case *assign:
		case *choice:
			if !n.blank() {
				return false
			}
		case *cases:
			if !n.blank() {
				return false
			}
		case *each:
			if !n.blank() {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// withoutText is nodes without their white space.
func withoutText(nodes []node) []node {
	var kept []node
	for _, n := range nodes {
		if _, ok := n.(*text); !ok {
			kept = append(kept, n)
		}
	}
	return kept
}

func (n *choice) blank() bool {
	for _, c := range n.clauses {
		if !allBlank(c.body) {
			return false
		}
	}
	return true
}

// dropBlank takes the white space out of a block that has nothing else to
// print, as Shopify's Liquid does.
func (n *choice) dropBlank() {
	if !n.blank() {
		return
	}
	for i := range n.clauses {
		n.clauses[i].body = withoutText(n.clauses[i].body)
	}
}

func (n *cases) blank() bool {
	for _, w := range n.whens {
		if !allBlank(w.body) {
			return false
		}
	}
	return allBlank(n.otherwise)
}

func (n *cases) dropBlank() {
	if !n.blank() {
		return
	}
	for i := range n.whens {
		n.whens[i].body = withoutText(n.whens[i].body)
	}
	n.otherwise = withoutText(n.otherwise)
}

func (n *each) blank() bool { return allBlank(n.body) && allBlank(n.otherwise) }

func (n *each) dropBlank() {
	if n.blank() {
		n.body, n.otherwise = withoutText(n.body), withoutText(n.otherwise)
	}
}
