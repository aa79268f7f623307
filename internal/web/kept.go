package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"gonets/internal/httpd"
)

// Kept pages. This file and docs/caching.md are the one place that says what
// is kept, for whom, and for how long.
//
// A page is kept by everything that it shows: who looks (the account, not the
// browser), the frame around the page as it is for them (language, time zone,
// theme, menu, settings of the service), the address with its query, the
// edition of its content, and the minute. The edition is read with each
// request, from what the database keeps in the transaction of every write; so
// nobody, on any node, is shown a page that is older than their own last write.
// Whether the visitor may be here at all was decided before: kept pages stand
// behind the session, like all others.
//
// Browsers keep them, too, but ask each time (no-cache) and are told "not
// modified". Logging out clears what they keep.

// pageKey is the digest of all that a kept page depends on.
type pageKey [sha256.Size]byte

// pagesMax is how many bytes of pages a process keeps; those asked for most
// stay.
const pagesMax = 32 << 20

// pageLife bounds how long a page is kept if nothing changes: it may say "an
// hour ago", or show what the minute has drawn by lot.
const pageLife = time.Minute

// pages are those that are kept.
type pages struct {
	cache *otter.Cache[pageKey, *keptPage]
}

// keptPage is a page as it is sent.
type keptPage struct {
	etag   string // weak (RFC 9110, 8.8.1): the same for the page compressed
	plain  []byte
	zipped []byte // by gzip
}

func newPages() *pages {
	return &pages{otter.Must(&otter.Options[pageKey, *keptPage]{
		MaximumWeight: pagesMax,
		Weigher: func(_ pageKey, p *keptPage) uint32 {
			return uint32(len(p.plain) + len(p.zipped) + sha256.Size)
		},
	})}
}

// keep keeps a page.
func (p *pages) keep(key pageKey, body []byte) *keptPage {
	sum := sha256.Sum256(body)
	page := &keptPage{etag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, plain: body}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := w.Write(body)
	if err == nil {
		err = w.Close()
	}
	if err == nil { // a buffer takes whatever comes
		page.zipped = zipped.Bytes()
	}
	p.cache.Set(key, page)
	return page
}

// edition names the state of what a page shows, of everything but its frame;
// empty: it must not be kept now.
type edition func(*visit) (string, error)

// kept is a page that is made once for each of its editions and visitors. A
// visitor who is to be told something (a flash) gets a page of their own.
func (s *Web) kept(of edition, h handler) handler {
	return func(v *visit) error {
		if v.flashed() {
			return h(v)
		}
		state, err := of(v)
		if err != nil {
			return err
		}
		if state == "" {
			return h(v)
		}
		key := v.key(state)
		if page, ok := s.pages.cache.GetIfPresent(key); ok {
			return v.sendKept(page)
		}
		v.keep = key
		return h(v)
	}
}

// key is what the answer is kept under. The frame has the address in it.
func (v *visit) key(state string) pageKey {
	minute := v.view.Now.Truncate(pageLife).Unix()
	key := strconv.AppendInt(make([]byte, 0, 512), v.actor.ID, 10)
	key = strconv.AppendInt(append(key, ' '), minute, 10)
	key = strconv.AppendQuote(append(key, ' '), state)
	return sha256.Sum256(append(key, v.blank().Key()...))
}

// keptFor keeps the page only if the visitor owns what it shows: the edition
// is of their own things, and says nothing of another's that a moderator
// looks at.
func (v *visit) keptFor(owner int64) {
	if owner != v.actor.ID {
		v.keep = pageKey{}
	}
}

// sendKept answers with a kept page, or that the browser has it.
func (v *visit) sendKept(page *keptPage) error {
	header := v.w.Header()
	header.Set("Cache-Control", "private, no-cache")
	header.Set("ETag", page.etag)
	header.Add("Vary", "Cookie, Accept-Language, Accept-Encoding")
	if knows(v.Header, page.etag) {
		v.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body := page.plain
	if page.zipped != nil && zips(v.Header) {
		header.Set("Content-Encoding", "gzip")
		body = page.zipped
	}
	header.Set("Content-Type", contentType)
	if header.Get("Content-Encoding") != "" { // else the compression may change it still
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	httpd.Whole(v.Context(), len(body))
	v.w.WriteHeader(http.StatusOK)
	v.write(body)
	return nil
}

// knows says that the browser has a page already (RFC 9110, 13.1.2).
func knows(asked http.Header, etag string) bool {
	for _, line := range asked.Values("If-None-Match") {
		for one := range strings.SplitSeq(line, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(etag, "W/") {
				return true
			}
		}
	}
	return false
}

// zips says that the browser reads gzip. Whoever weighs it ("gzip;q=0") gets
// the page from the compression that stands before all pages.
func zips(asked http.Header) bool {
	for one := range strings.SplitSeq(asked.Get("Accept-Encoding"), ",") {
		if strings.TrimSpace(one) == "gzip" {
			return true
		}
	}
	return false
}
