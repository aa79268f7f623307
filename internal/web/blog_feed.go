package web

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gonets/internal/blog"
)

// rss is the feed, by RSS 2.0.
type rss struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Content string     `xml:"xmlns:content,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Self        rssSelf   `xml:"atom:link"`
	Description string    `xml:"description"`
	Language    string    `xml:"language"`
	BuiltAt     string    `xml:"lastBuildDate,omitempty"`
	Items       []rssItem `xml:"item"`
}

type rssSelf struct {
	URL  string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

type rssItem struct {
	Title       string  `xml:"title"`
	Link        string  `xml:"link"`
	GUID        rssGUID `xml:"guid"`
	PublishedAt string  `xml:"pubDate"`
	Description string  `xml:"description"`
	Content     string  `xml:"content:encoded"`
}

// rssGUID names an article for good, whatever its address becomes.
type rssGUID struct {
	Link bool   `xml:"isPermaLink,attr"`
	Name string `xml:",chardata"`
}

// feedItems is how many articles the feed has.
const feedItems = 20

// blogFeed is the newest articles, whole. Readers ask often, and are told that
// nothing has changed.
func (s *Web) blogFeed(v *visit) error {
	state, err := s.blogEdition(v)
	if err != nil {
		return err
	}
	header := v.w.Header()
	etag := fmt.Sprintf(`W/"%s-%s"`, state, v.view.Lang())
	header.Set("ETag", etag)
	header.Set("Cache-Control", "no-cache")
	header.Add("Vary", "Cookie, Accept-Language")
	if knows(v.Header, etag) {
		v.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	feed, err := s.feed(v)
	if err != nil {
		return err
	}
	header.Set("Content-Type", "application/rss+xml; charset=utf-8")
	v.w.WriteHeader(http.StatusOK)
	v.write(feed)
	return nil
}

func (s *Web) feed(v *visit) ([]byte, error) {
	articles, err := s.Articles.Recent(v.Context(), feedItems)
	if err != nil {
		return nil, err
	}
	channel := rssChannel{
		Title: v.blogName(), Link: s.o.BaseURL + "/blog", Description: v.t("blog.note"), Language: v.view.Lang(),
		Self: rssSelf{s.o.BaseURL + feedURL, "self", "application/rss+xml"},
	}
	for i := range articles {
		item, err := s.feedItem(&articles[i])
		if err != nil {
			return nil, err
		}
		channel.Items = append(channel.Items, item)
	}
	if len(channel.Items) > 0 {
		channel.BuiltAt = channel.Items[0].PublishedAt
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	err = xml.NewEncoder(&out).Encode(rss{
		Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Content: "http://purl.org/rss/1.0/modules/content/", Channel: channel,
	})
	if err != nil {
		return nil, fmt.Errorf("write the feed: %w", err)
	}
	return out.Bytes(), nil
}

func (s *Web) feedItem(a *blog.Article) (rssItem, error) {
	body, err := s.Articles.HTML(a)
	if err != nil {
		return rssItem{}, err
	}
	if a.Cover.Name != "" {
		body = `<p><img src="` + a.Cover.URL(blog.Large) + `" alt=""></p>` + "\n" + body
	}
	// A reader knows no place that addresses of ours are relative to.
	body = strings.NewReplacer(`src="/`, `src="`+s.o.BaseURL+`/`, `href="/`, `href="`+s.o.BaseURL+`/`).Replace(body)
	return rssItem{
		Title: a.Title, Link: s.o.BaseURL + postURL(a.Slug), Description: a.Lead(), Content: body,
		PublishedAt: a.PublishedAt.Format(time.RFC1123Z),
		GUID:        rssGUID{Name: s.o.BaseURL + "/blog#" + strconv.FormatInt(a.ID, 10)},
	}, nil
}
