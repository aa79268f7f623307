// Package liquid is the personalisation language: a strict, bounded subset of
// Shopify's Liquid. It turns a source, once parsed, and the values of one
// recipient into bytes. It is pure: no I/O, no clock but the one it is given,
// no reflection, no method of a value is ever called.
//
// # Language
//
// A source is text with outputs and tags in it:
//
//	{{ value | filter: argument, argument | filter }}
//	{% tag ... %}
//
// A dash next to the braces ({{- -}}, {%- -%}) takes away the white space on
// that side of it.
//
// Values are nil, booleans, 64-bit integers, floats, text, times, lists and
// maps. Literals are 'text', "text", 12, -1.5, true, false, nil (null), blank
// and empty. A variable is a name with a way into it: a.b, a['b'], a[0], a[-1],
// a[b.c], and .size, .first and .last where the map has no such key. A missing
// variable is nil, and nil prints as nothing. Only nil and false are false.
//
// Tags:
//
//	{% if C %} {% elsif C %} {% else %} {% endif %}
//	{% unless C %} {% elsif C %} {% else %} {% endunless %}
//	{% case V %} {% when V, V or V %} {% else %} {% endcase %}
//	{% for x in V reversed limit: V offset: V %} {% else %} {% endfor %}
//	{% for x in (V..V) %}, {% break %}, {% continue %}
//	{% assign name = V | filter %}
//	{% comment %} {% endcomment %}, {% raw %} {% endraw %}
//
// In a loop, forloop has index, index0, rindex, rindex0, first, last, length,
// name and parentloop. Conditions compare with ==, != (or <>), <, >, <=, >= and
// contains, and are joined by and, or; they are worked out from right to left,
// without parentheses. Values of different types are neither equal nor ordered.
//
// Filters:
//
//	text     append prepend replace remove upcase downcase capitalize strip
//	         truncate truncatewords split escape url_encode newline_to_br strip_html
//	lists    join first last size
//	numbers  plus minus times divided_by modulo round ceil floor
//	others   default (with allow_false: true), date
//
// # Differences from Shopify's Liquid
//
//   - What is unknown or malformed is a [SyntaxError] of [Parse], with line and
//     column, and never ignored. What goes wrong while rendering is a
//     [RenderError], and there is no output.
//   - In the mode [HTML] values are escaped when they are printed, so escape
//     leaves them as they are: nothing is escaped twice, and no filter behind it
//     cuts an entity in two. newline_to_br escapes what is not [Safe] and yields
//     Safe text, which is printed as it is. append, prepend and join escape what
//     they put beside Safe text; other filters that change text keep it Safe as
//     long as its only tags are whole <br />. The source itself is the author's
//     and is passed on as it is.
//   - In the mode [Plain], for the plain text of an HTML source, escape and
//     newline_to_br change nothing.
//   - Names may have letters of any alphabet.
//   - A map as a whole prints as nothing; a loop over it gives pairs in the
//     order of the keys.
//   - A range stands only in a for tag.
//
// # Bounds
//
// Parse bounds the size of the source and the nesting. Render bounds the steps
// (a node, a turn of a loop, a filter, a condition each cost one, long text
// costs more), the output, and the bytes of values made on the way (four times
// the output). So the time and memory of a rendering do not depend on who wrote
// the source.
//
// A [Template] is immutable and may be rendered by many goroutines at once.
package liquid
