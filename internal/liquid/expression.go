package liquid

import "strings"

// expression is something that has a value.
type expression interface {
	eval(r *run) (any, error)
}

type literal struct{ value any }

func (x literal) eval(*run) (any, error) { return x.value, nil }

// variable is a name of the template.
type variable struct {
	name string
	slot int // in run.slots, or unassigned
}

const unassigned = -1

// path is a variable with the way into it.
type path struct {
	from  origin
	root  *variable // fromVariable
	depth int       // of the loop, otherwise
	steps []step
}

type origin int

const (
	fromVariable origin = iota
	fromItem            // the variable of a loop
	fromLoop            // its forloop
)

// step is one part of the way: a literal key or an index to work out.
type step struct {
	key    string
	dotted bool       // .key, which may also mean size, first and last
	index  expression // nil: key
}

func (x *path) eval(r *run) (any, error) {
	v := x.begin(r)
	for i := range x.steps {
		if v == nil {
			return nil, nil
		}
		s := &x.steps[i]
		if s.index == nil {
			v = lookup(v, s.key, s.dotted)
			continue
		}
		index, err := s.index.eval(r)
		if err != nil {
			return nil, err
		}
		v = at(v, index)
	}
	return v, nil
}

func (x *path) begin(r *run) any {
	switch x.from {
	case fromItem:
		return r.loops[x.depth].item
	case fromLoop:
		return r.loops[x.depth]
	}
	if s := x.root.slot; s != unassigned && r.slots[s].set {
		return r.slots[s].value
	}
	return known(r.vars[x.root.name])
}

// filtered is a value that goes through filters.
type filtered struct {
	value expression
	calls []filterCall
}

type filterCall struct {
	at     int
	name   string
	run    func(call) (any, error)
	args   [2]expression // nil where the filter has fewer
	option expression    // nil: not given
}

// call is what a filter gets.
type call struct {
	*run
	at     int
	name   string
	in     any
	a, b   any // arguments, or their defaults
	option any
}

func (x *filtered) eval(r *run) (any, error) {
	v, err := x.value.eval(r)
	if err != nil {
		return nil, err
	}
	for i := range x.calls {
		f := &x.calls[i]
		c := call{run: r, at: f.at, name: f.name, in: v}
		if c.a, err = evalOptional(r, f.args[0]); err != nil {
			return nil, err
		}
		if c.b, err = evalOptional(r, f.args[1]); err != nil {
			return nil, err
		}
		if c.option, err = evalOptional(r, f.option); err != nil {
			return nil, err
		}
		if err := r.step(f.at, 1+weight(v)/128); err != nil {
			return nil, err
		}
		if v, err = f.run(c); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func evalOptional(r *run, x expression) (any, error) {
	if x == nil {
		return nil, nil
	}
	return x.eval(r)
}

type operator int

const (
	truth operator = iota // no operator: the left side alone
	equals
	differs
	less
	greater
	lessOrEqual
	greaterOrEqual
	contains
)

var operators = map[string]operator{
	"==": equals, "!=": differs, "<>": differs, "<": less, ">": greater, "<=": lessOrEqual, ">=": greaterOrEqual,
	"contains": contains,
}

// condition is comparisons joined by and (true) or or (false).
type condition struct {
	terms []comparison
	ands  []bool // ands[i] joins terms[i] with all that follows
}

// holds works from right to left: a and b or c is a and (b or c).
func (n *condition) holds(r *run) (bool, error) {
	last := len(n.terms) - 1
	result, err := n.terms[last].holds(r)
	for i := last - 1; i >= 0 && err == nil; i-- {
		var term bool
		term, err = n.terms[i].holds(r)
		if n.ands[i] {
			result = term && result
		} else {
			result = term || result
		}
	}
	return result, err
}

type comparison struct {
	at          int
	left, right expression
	op          operator
}

func (n *comparison) holds(r *run) (bool, error) {
	if err := r.step(n.at, 1); err != nil {
		return false, err
	}
	left, err := n.left.eval(r)
	if err != nil || n.op == truth {
		return truthy(left), err
	}
	right, err := n.right.eval(r)
	if err != nil {
		return false, err
	}
	switch n.op {
	case equals, differs:
		same, err := r.equal(n.at, left, right, 0)
		return same == (n.op == equals), err
	case contains:
		return r.contains(n.at, left, right)
	}
	order, ok := compare(left, right)
	if !ok {
		return false, nil
	}
	switch n.op {
	case less:
		return order < 0, nil
	case greater:
		return order > 0, nil
	case lessOrEqual:
		return order <= 0, nil
	}
	return order >= 0, nil
}

// contains looks for text in text, a value in a list or a key in a map.
func (r *run) contains(offset int, left, right any) (bool, error) {
	if !truthy(right) {
		return false, nil
	}
	if err := r.read(offset, weight(left)); err != nil {
		return false, err
	}
	switch left := left.(type) {
	case string, Safe:
		s, _ := textOf(left)
		part, err := r.text(offset, right)
		return strings.Contains(s, part), err
	case map[string]any:
		key, ok := textOf(right)
		_, has := left[key]
		return ok && has, nil
	case []any:
		for _, v := range left {
			same, err := r.equal(offset, known(v), right, 0)
			if same || err != nil {
				return same, err
			}
		}
	}
	return false, nil
}
