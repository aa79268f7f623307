package blog

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	renderer "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"gonets/internal/i18n"
)

// writer turns Markdown into what readers see: CommonMark with tables,
// strikethrough, bare links and the quotation marks of the language.
type writer struct {
	markdown map[string]goldmark.Markdown // by language
	policy   *bluemonday.Policy
	bare     *bluemonday.Policy // nothing but text
}

func newWriter() *writer {
	w := &writer{markdown: map[string]goldmark.Markdown{}, policy: readable(), bare: bluemonday.StrictPolicy()}
	for _, locale := range i18n.Languages() {
		w.markdown[locale] = goldmark.New(
			goldmark.WithExtensions(
				// Alignment as an attribute: pages allow no inline styles.
				extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
				extension.Strikethrough,
				extension.Linkify,
				extension.NewTypographer(extension.WithTypographicSubstitutions(quotes[locale])),
			),
			goldmark.WithParserOptions(
				parser.WithAutoHeadingID(),
				parser.WithASTTransformers(util.Prioritized(belowTitle{}, 1), util.Prioritized(ownPictures{}, 2)),
			),
			// Raw HTML is for the policy to judge.
			goldmark.WithRendererOptions(renderer.WithUnsafe()),
		)
	}
	return w
}

// quotes are how a language writes what a typist writes with "; the rest is
// the same everywhere.
var quotes = map[string]extension.TypographicSubstitutions{
	"ru": {
		extension.LeftDoubleQuote: []byte("«"), extension.RightDoubleQuote: []byte("»"),
		extension.LeftSingleQuote: []byte("„"), extension.RightSingleQuote: []byte("“"),
	},
}

// html is the body as readers see it.
func (w *writer) html(locale, body string) (string, error) {
	markdown, known := w.markdown[locale]
	if !known {
		return "", fmt.Errorf("write an article: no language %q", locale)
	}
	var page bytes.Buffer
	ctx := parser.NewContext(parser.WithIDs(anchors{}))
	if err := markdown.Convert([]byte(body), &page, parser.WithContext(ctx)); err != nil {
		return "", fmt.Errorf("convert markdown: %w", err)
	}
	return wide.Replace(w.policy.Sanitize(page.String())), nil
}

// wide lets what is wider than the page be scrolled, with the keyboard too.
// The policy leaves these tags without attributes.
var wide = strings.NewReplacer(
	"<table>", `<div class="article-table" tabindex="0"><table class="table">`,
	"</table>", "</table></div>",
	"<pre>", `<pre tabindex="0">`,
)

// beginningLength is how much of an article a list shows, in characters.
const beginningLength = 240

var paragraph = regexp.MustCompile(`(?s)<p>(.*?)</p>`)

// outline is the beginning of the text, and how many words it has.
func (w *writer) outline(locale, body string) (beginning string, words int, err error) {
	page, err := w.html(locale, body)
	if err != nil {
		return "", 0, err
	}
	plain := func(part string) []string { return strings.Fields(html.UnescapeString(w.bare.Sanitize(part))) }
	var first []string
	for _, p := range paragraph.FindAllStringSubmatch(page, 10) {
		first = append(first, plain(p[1])...)
	}
	return shortened(first), len(plain(page)), nil
}

// shortened is as many words as a list shows.
func shortened(words []string) string {
	var b strings.Builder
	length := 0
	for i, word := range words {
		length += utf8.RuneCountInString(word) + 1
		if length > beginningLength {
			return strings.TrimRight(b.String(), ",.;:—–- ") + "…"
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}

// readable is what may stand in an article: text, links, tables, and pictures
// of our own. No class but that of a code's language, no id but a heading's.
func readable() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(
		"p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "ul", "ol", "li", "dl", "dt", "dd",
		"strong", "b", "em", "i", "u", "s", "del", "ins", "mark", "small", "sub", "sup", "kbd", "samp", "var", "q", "cite", "abbr",
		"table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "details", "summary", "figure", "figcaption",
	)
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoReferrerOnFullyQualifiedLinks(true)
	p.AllowAttrs("href", "title").OnElements("a")
	p.AllowAttrs("title").OnElements("abbr")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^`+anchorPrefix+`[a-z0-9-]+$`)).OnElements("h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[A-Za-z0-9+#-]+$`)).OnElements("code")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|center|right)$`)).OnElements("th", "td")
	p.AllowAttrs("src").Matching(pictureURL).OnElements("img")
	p.AllowAttrs("alt", "title").OnElements("img")
	return p
}

// anchorPrefix keeps headings from having the id of something of the page.
const anchorPrefix = "s-"

// anchors are the ids of an article's headings, by which they can be linked.
type anchors map[string]bool

// Generate makes an id of a heading's text.
func (a anchors) Generate(value []byte, _ ast.NodeKind) []byte {
	name := anchorPrefix + Slug(string(value))
	if name == anchorPrefix {
		name += "heading"
	}
	id := name
	for n := 2; a[id]; n++ {
		id = fmt.Sprint(name, "-", n)
	}
	a[id] = true
	return []byte(id)
}

// Put notes an id that is taken.
func (a anchors) Put(value []byte) { a[string(value)] = true }

// belowTitle puts headings below the page's, which is the article's title, and
// leaves no level out: however the author counted, the first is of level 2.
type belowTitle struct{}

// Transform sets the levels.
func (belowTitle) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	headings := all[*ast.Heading](doc)
	highest := 6
	for _, h := range headings {
		highest = min(highest, h.Level)
	}
	before := 1
	for _, h := range headings {
		h.Level = min(h.Level-highest+2, before+1, 6)
		before = h.Level
	}
}

// pictureURL is the form of addresses of pictures of ours.
var pictureURL = regexp.MustCompile(`^/blog/pictures/[0-9a-f]{32}/(large|small)\.jpg$`)

// ownPictures turns a picture from elsewhere into a link to it: pages load
// nothing from others, who would learn who reads what.
type ownPictures struct{}

// Transform changes the pictures.
func (ownPictures) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	for _, picture := range all[*ast.Image](doc) {
		if pictureURL.Match(picture.Destination) {
			continue
		}
		link := ast.NewLink()
		link.Destination, link.Title = picture.Destination, picture.Title
		for child := picture.FirstChild(); child != nil; child = picture.FirstChild() {
			link.AppendChild(link, child) // moves it
		}
		if link.FirstChild() == nil {
			link.AppendChild(link, ast.NewString(picture.Destination))
		}
		picture.Parent().ReplaceChild(picture.Parent(), picture, link)
	}
}

// all are the nodes of a type, in the order of the text.
func all[N ast.Node](doc *ast.Document) (found []N) {
	// Walk and its function return no errors of their own.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if node, ok := n.(N); ok && entering {
			found = append(found, node)
		}
		return ast.WalkContinue, nil
	})
	return found
}
