package liquid

import (
	"fmt"
	"strconv"
	"strings"
)

// cursor reads the tokens of one output or tag.
type cursor struct {
	p      *parser
	tokens []token // the last is tokenEnd
}

func (p *parser) cursor(t piece) (*cursor, error) {
	tokens, err := p.lex(t.body, t.from)
	return &cursor{p: p, tokens: tokens}, err
}

func (c *cursor) peek() token { return c.tokens[0] }

// take passes the next token; the end is never passed.
func (c *cursor) take() token {
	t := c.tokens[0]
	if t.kind != tokenEnd {
		c.tokens = c.tokens[1:]
	}
	return t
}

// is reports whether the next token is this symbol or name.
func (c *cursor) is(kind tokenKind, text string) bool {
	return c.tokens[0].kind == kind && c.tokens[0].text == text
}

// took passes the next token if it is this symbol or name.
func (c *cursor) took(kind tokenKind, text string) bool {
	if !c.is(kind, text) {
		return false
	}
	c.take()
	return true
}

// unexpected is the error about the next token.
func (c *cursor) unexpected() error {
	t := c.peek()
	if t.kind == tokenEnd {
		return c.p.fail(t.at, "liquid.unexpected_end", nil)
	}
	return c.p.fail(t.at, "liquid.unexpected", args{"Found": t.text})
}

// expect passes the symbol or refuses what is there instead.
func (c *cursor) expect(symbol string) error {
	if c.took(tokenSymbol, symbol) {
		return nil
	}
	return c.expected(symbol)
}

func (c *cursor) expected(what string) error {
	t := c.peek()
	if t.kind == tokenEnd {
		return c.unexpected()
	}
	return c.p.fail(t.at, "liquid.expected", args{"Expected": what, "Found": t.text})
}

// end refuses anything that is left.
func (c *cursor) end() error {
	if c.peek().kind != tokenEnd {
		return c.unexpected()
	}
	return nil
}

// name passes the name of a variable to be set.
func (c *cursor) name() (string, error) {
	if c.peek().kind != tokenName {
		return "", c.unexpected()
	}
	return c.take().text, nil
}

// value parses a literal or a variable with the way into it.
func (c *cursor) value() (expression, error) {
	t := c.peek()
	switch {
	case t.kind == tokenString:
		c.take()
		return literal{t.text}, nil
	case t.kind == tokenInt || t.kind == tokenFloat:
		c.take()
		return c.number(t)
	case t.kind == tokenName:
		c.take()
		return c.variable(t)
	case c.is(tokenSymbol, "("):
		return nil, c.p.fail(t.at, "liquid.range_outside_for", nil)
	}
	return nil, c.unexpected()
}

func (c *cursor) number(t token) (expression, error) {
	var v any
	var err error
	if t.kind == tokenInt {
		v, err = strconv.ParseInt(t.text, 10, 64)
	} else {
		v, err = strconv.ParseFloat(t.text, 64)
	}
	if err != nil {
		return nil, c.p.fail(t.at, "liquid.number_too_large", args{"Number": t.text})
	}
	return literal{v}, nil
}

// reserved are the names that are values where no way into them follows.
var reserved = map[string]any{
	"nil": nil, "null": nil, "true": true, "false": false, "blank": blank, "empty": empty,
}

func (c *cursor) variable(t token) (expression, error) {
	if v, ok := reserved[t.text]; ok && !c.is(tokenSymbol, ".") && !c.is(tokenSymbol, "[") {
		return literal{v}, nil
	}
	x := c.p.resolve(t.text)
	for {
		var s step
		switch {
		case c.took(tokenSymbol, "."):
			key, err := c.name()
			if err != nil {
				return nil, err
			}
			s = step{key: key, dotted: true}
		case c.is(tokenSymbol, "["):
			var err error
			if s, err = c.index(); err != nil {
				return nil, err
			}
		default:
			c.p.note(&x)
			return &x, nil
		}
		x.steps = append(x.steps, s)
	}
}

// index parses ['key'], [0] or [variable].
func (c *cursor) index() (step, error) {
	if err := c.p.deeper(c.take().at); err != nil {
		return step{}, err
	}
	defer func() { c.p.depth-- }()
	x, err := c.value()
	if err != nil {
		return step{}, err
	}
	if err := c.expect("]"); err != nil {
		return step{}, err
	}
	if l, ok := x.(literal); ok {
		if key, ok := l.value.(string); ok {
			return step{key: key}, nil
		}
	}
	return step{index: x}, nil
}

// condition parses comparisons joined by and, or up to the end.
func (c *cursor) condition() (*condition, error) {
	n := &condition{}
	for {
		term, err := c.comparison()
		if err != nil {
			return nil, err
		}
		n.terms = append(n.terms, term)
		switch {
		case c.took(tokenName, "and"):
			n.ands = append(n.ands, true)
		case c.took(tokenName, "or"):
			n.ands = append(n.ands, false)
		default:
			return n, c.end()
		}
	}
}

func (c *cursor) comparison() (comparison, error) {
	n := comparison{at: c.peek().at}
	var err error
	if n.left, err = c.value(); err != nil {
		return n, err
	}
	t := c.peek()
	switch {
	case t.kind == tokenSymbol, c.is(tokenName, "contains"):
		op, ok := operators[t.text]
		if !ok {
			return n, c.unexpected()
		}
		c.take()
		n.op = op
		n.right, err = c.value()
	}
	return n, err
}

// alternatives parses the values of a when.
func (c *cursor) alternatives() (values []expression, err error) {
	for {
		v, err := c.value()
		if err != nil {
			return nil, err
		}
		values = append(values, v)
		if !c.took(tokenSymbol, ",") && !c.took(tokenName, "or") {
			return values, c.end()
		}
	}
}

// loopHead parses the inside of a for tag into n and returns its variable.
func (c *cursor) loopHead(n *each) (name string, err error) {
	if name, err = c.name(); err != nil {
		return "", err
	}
	if !c.took(tokenName, "in") {
		return "", c.expected("in")
	}
	begin := c.peek().at
	if c.took(tokenSymbol, "(") {
		err = c.span(n)
	} else {
		n.over, err = c.printed(c.value)
	}
	n.name = name + "-" + strings.TrimRight(c.p.source[begin:c.peek().at], space)
	for err == nil && c.peek().kind != tokenEnd {
		c.took(tokenSymbol, ",")
		err = c.loopOption(n)
	}
	return name, err
}

// span parses the rest of a range.
func (c *cursor) span(n *each) (err error) {
	if n.first, err = c.value(); err != nil {
		return err
	}
	if err := c.expect(".."); err != nil {
		return err
	}
	if n.last, err = c.value(); err != nil {
		return err
	}
	return c.expect(")")
}

func (c *cursor) loopOption(n *each) (err error) {
	t := c.peek()
	switch {
	case t.kind != tokenName:
		return c.unexpected()
	case c.took(tokenName, "reversed"):
		n.reversed = true
		return nil
	}
	c.take()
	if t.text != "limit" && t.text != "offset" {
		return c.p.fail(t.at, "liquid.unknown_option", args{"Option": t.text})
	}
	if err := c.expect(":"); err != nil {
		return err
	}
	if c.is(tokenName, "continue") {
		return c.unexpected()
	}
	if t.text == "limit" {
		n.limit, err = c.value()
	} else {
		n.offset, err = c.value()
	}
	return err
}

// filtered parses a value with its filters up to the end.
func (c *cursor) filtered() (expression, error) {
	value, err := c.value()
	if err != nil {
		return nil, err
	}
	n := &filtered{value: value}
	for c.took(tokenSymbol, "|") {
		f, err := c.filter()
		if err != nil {
			return nil, err
		}
		n.calls = append(n.calls, f)
	}
	if len(n.calls) == 0 {
		return value, c.end()
	}
	return n, c.end()
}

// printed parses a value that is printed, or may be by way of another name.
func (c *cursor) printed(parse func() (expression, error)) (expression, error) {
	c.p.printing = true
	x, err := parse()
	c.p.printing = false
	return x, err
}

func (c *cursor) filter() (filterCall, error) {
	t := c.peek()
	if t.kind != tokenName {
		return filterCall{}, c.unexpected()
	}
	c.take()
	f, ok := filters[t.text]
	if !ok {
		return filterCall{}, c.p.fail(t.at, "liquid.unknown_filter", args{"Filter": t.text})
	}
	call := filterCall{at: t.at, name: t.text, run: f.run}
	given, err := c.arguments(f, &call)
	if err != nil {
		return call, err
	}
	if given < f.required || given > len(f.defaults) {
		return call, c.p.fail(t.at, "liquid.wrong_arguments",
			args{"Filter": t.text, "Given": given, "Takes": f.takes()})
	}
	for i := given; i < len(f.defaults); i++ {
		call.args[i] = literal{f.defaults[i]}
	}
	return call, nil
}

// arguments parses what follows the name of a filter and counts it.
func (c *cursor) arguments(f filter, call *filterCall) (given int, err error) {
	if !c.took(tokenSymbol, ":") {
		return 0, nil
	}
	for more := true; more; more = c.took(tokenSymbol, ",") {
		if option, err := c.option(f, call); option || err != nil {
			if err != nil {
				return given, err
			}
			continue
		}
		x, err := c.value()
		if err != nil {
			return given, err
		}
		if given < len(f.defaults) {
			call.args[given] = x
		}
		given++
	}
	return given, nil
}

// option parses "name: value" if it is there.
func (c *cursor) option(f filter, call *filterCall) (found bool, err error) {
	t := c.peek()
	if t.kind != tokenName || len(c.tokens) < 2 || c.tokens[1].kind != tokenSymbol || c.tokens[1].text != ":" {
		return false, nil
	}
	if f.option == "" || f.option != t.text {
		return false, c.p.fail(t.at, "liquid.unknown_option", args{"Option": t.text})
	}
	c.take()
	c.take()
	call.option, err = c.value()
	return true, err
}

// takes says how many arguments the filter takes: "1", "1–2".
func (f filter) takes() string {
	if f.required == len(f.defaults) {
		return strconv.Itoa(f.required)
	}
	return fmt.Sprintf("%d–%d", f.required, len(f.defaults))
}
