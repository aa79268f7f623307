package message

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// plainText turns HTML with Liquid in it into plain text with the same Liquid
// in it, once per message instead of once per recipient.
//
// Blocks are parted by line breaks, links show where they lead, images their
// alternative text. Breaks and spaces that are due are written before a tag,
// and what stands at the end of the text counts on behind it: so each branch
// begins as the text before the tag ended, and the result has neither gaps nor
// glued words, whichever branch is taken.
func plainText(source string) string {
	protected, s := protect(source)
	w := plainWriter{shield: s}
	tokens := html.NewTokenizer(strings.NewReader(protected))
	for {
		switch tokens.Next() {
		case html.ErrorToken: // only io.EOF: a string can't fail
			return w.b.String()
		case html.TextToken:
			w.text(string(tokens.Text()))
		case html.CommentToken:
			w.tags(string(tokens.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			w.start(tokens.Token())
		case html.EndTagToken:
			w.end(tokens.Token())
		}
	}
}

// plainWriter writes the text; Liquid is put back as it goes.
type plainWriter struct {
	*shield
	b strings.Builder

	begun  bool // something visible was written
	breaks int  // line breaks at the end of the text
	gap    bool // the text ends in a space
	due    int  // line breaks there must be before what comes next
	space  bool // a space is due before what comes next
	marked bool // a list's marker was written, and nothing behind it

	hidden string // the element whose contents are left out
	pre    int    // open pre elements
	lists  []list
	links  []link
}

type list struct {
	ordered bool
	number  int  // of the last item
	looped  bool // tags stand between the items: nobody knows their numbers
	inItem  bool
}

type link struct {
	href string
	from int // where its text begins
}

// Line breaks around elements; those of div and its like only end a line.
var breaksAround = map[string]int{
	"p": 2, "h1": 2, "h2": 2, "h3": 2, "h4": 2, "h5": 2, "h6": 2, "ul": 2, "ol": 2, "dl": 2,
	"table": 2, "blockquote": 2, "pre": 2, "hr": 2,
	"div": 1, "tr": 1, "li": 1, "dt": 1, "dd": 1, "section": 1, "article": 1, "header": 1, "footer": 1,
	"main": 1, "address": 1, "figure": 1, "figcaption": 1, "center": 1, "caption": 1, "title": 1,
}

func (w *plainWriter) start(t html.Token) {
	if w.hidden != "" && t.Data != "body" {
		return
	}
	w.around(t.Data)
	switch t.Data {
	case "head", "style", "script", "template":
		w.hidden = t.Data
	case "body":
		w.hidden = ""
	case "br":
		w.due = min(max(w.due, w.breaks)+1, 2)
	case "hr":
		w.word("----------")
		w.around("hr")
	case "td", "th":
		w.space = true
	case "pre":
		w.pre++
	case "ul", "ol":
		w.lists = append(w.lists, list{ordered: t.Data == "ol"})
	case "li":
		w.item()
	case "a":
		w.links = append(w.links, link{attribute(t, "href"), w.b.Len()})
	case "img":
		w.text(attribute(t, "alt"))
	}
}

func (w *plainWriter) end(t html.Token) {
	if w.hidden != "" {
		if t.Data == w.hidden {
			w.hidden = ""
		}
		return
	}
	switch t.Data {
	case "pre":
		w.pre = max(w.pre-1, 0)
	case "ul", "ol":
		if n := len(w.lists); n > 0 {
			w.lists = w.lists[:n-1]
		}
	case "li":
		if n := len(w.lists); n > 0 {
			w.lists[n-1].inItem = false
		}
		w.marked = false
	case "a":
		w.endLink()
	}
	w.around(t.Data)
}

// around asks for the breaks of an element. A list inside a list only ends the
// line, and a paragraph that begins an item begins behind its marker.
func (w *plainWriter) around(element string) {
	n := breaksAround[element]
	if len(w.lists) > 0 {
		n = min(n, 1)
	}
	if !w.marked {
		w.due = max(w.due, n)
	}
}

func (w *plainWriter) item() {
	marker := "- "
	indent := ""
	if n := len(w.lists); n > 0 {
		l := &w.lists[n-1]
		l.number++
		l.inItem = true
		if l.ordered && !l.looped {
			marker = strconv.Itoa(l.number) + ". "
		}
		indent = strings.Repeat("  ", n-1)
	}
	w.word(indent + marker)
	w.gap, w.marked = true, true
}

// endLink writes where a link leads, unless its text says so.
func (w *plainWriter) endLink() {
	n := len(w.links)
	if n == 0 {
		return
	}
	l := w.links[n-1]
	w.links = w.links[:n-1]
	href := strings.TrimPrefix(strings.TrimSpace(l.href), "mailto:")
	if href == "" || strings.HasPrefix(href, "#") {
		return
	}
	href = w.restore(href)
	text := strings.TrimSpace(w.b.String()[l.from:])
	switch {
	case text == "": // a picture
		w.space = true
		w.word(href)
	case !strings.Contains(text, href):
		w.space = true
		w.word("<" + href + ">")
	}
}

// text writes text with words of the shield in it.
func (w *plainWriter) text(s string) {
	if w.hidden != "" {
		w.tags(s)
		return
	}
	for {
		before, p, after, ok := w.next(s)
		w.words(before)
		if !ok {
			return
		}
		if p.name == "" {
			w.word(p.source)
		} else {
			w.tag(p)
		}
		s = after
	}
}

// tags writes only the tags of a text that is not shown: a block may begin or
// end there.
func (w *plainWriter) tags(s string) {
	for {
		_, p, after, ok := w.next(s)
		if !ok {
			return
		}
		if p.name != "" {
			w.tag(p)
		}
		s = after
	}
}

// tag takes no room: the state of the text stays as it is.
func (w *plainWriter) tag(p piece) {
	w.settle()
	w.b.WriteString(p.source)
	if n := len(w.lists); n > 0 && !w.lists[n-1].inItem {
		w.lists[n-1].looped = true
	}
}

// words writes text with its white space made single spaces; in pre, as it is.
func (w *plainWriter) words(s string) {
	if w.pre > 0 && strings.TrimSpace(s) != "" {
		w.word(strings.TrimRight(s, "\n"))
		w.due = min(len(s)-len(strings.TrimRight(s, "\n")), 2)
		return
	}
	fields := strings.Fields(s)
	if len(fields) == 0 {
		w.space = w.space || s != ""
		return
	}
	w.space = w.space || !strings.HasPrefix(s, fields[0])
	w.word(strings.Join(fields, " "))
	w.space = !strings.HasSuffix(s, fields[len(fields)-1])
}

// word writes something visible, behind what is due.
func (w *plainWriter) word(s string) {
	w.settle()
	w.b.WriteString(s)
	w.begun, w.breaks, w.gap, w.marked = true, 0, strings.HasSuffix(s, " "), false
}

// settle writes the breaks or the space that are due.
func (w *plainWriter) settle() {
	due, space := w.due, w.space
	w.due, w.space = 0, false
	if !w.begun {
		return
	}
	if due > w.breaks {
		w.b.WriteString(strings.Repeat("\n", due-w.breaks))
		w.breaks, w.gap = due, false
		return
	}
	if space && w.breaks == 0 && !w.gap {
		w.b.WriteByte(' ')
		w.gap = true
	}
}

func attribute(t html.Token, name string) string {
	i := slices.IndexFunc(t.Attr, func(a html.Attribute) bool { return a.Key == name })
	if i < 0 {
		return ""
	}
	return t.Attr[i].Val
}
