package web

import (
	"context"
	"fmt"

	"github.com/maypok86/otter/v2"

	"gonets/internal/blog"
	"gonets/internal/httpd"
	"gonets/internal/mailing"
	"gonets/internal/setting"
)

// common is what everybody sees, on every page or on many, as of a version of
// it: the database raises that with every write to what stands here. So a page
// that has read the version, for its own edition, need not read these again.
type common struct {
	version int64
	service setting.Service
	servers bool         // administrators have added mail servers
	blog    blog.Edition // until its next moment
}

// asOf tells the visit what everybody sees as of a version, which was read
// before: what is read here now may be newer, but never older.
func (v *visit) asOf(version int64) error {
	known := v.web.common.Load()
	if known == nil || known.version != version || known.blog.Over(v.view.Now) {
		read, err := v.web.readCommon(v.Context(), version)
		if err != nil {
			return err
		}
		v.web.common.Store(read)
		known = read
	}
	v.common = known
	return nil
}

// quietUsers is of how many users a process knows a version at which none of
// their runs was open.
const quietUsers = 10_000

func newQuiet() *otter.Cache[int64, int64] {
	return otter.Must(&otter.Options[int64, int64]{MaximumSize: quietUsers})
}

func (s *Web) readCommon(ctx context.Context, version int64) (*common, error) {
	read := &common{version: version}
	var err error
	if read.service, err = s.Settings.Get(ctx); err != nil {
		return nil, err
	}
	if read.servers, err = s.Servers.Added(ctx); err != nil {
		return nil, err
	}
	if read.blog, err = s.Articles.Edition(ctx); err != nil {
		return nil, err
	}
	return read, nil
}

// service is what administrators set, as of the first time that this visit
// asks. An error page must not need it, so a failure shows the usual service.
func (v *visit) service() setting.Service {
	if v.common != nil {
		return v.common.service
	}
	if v.set == nil {
		set, err := v.web.Settings.Get(v.Context())
		if err != nil {
			v.web.Log.Error("read the settings for a page", "error", err)
		}
		v.set = &set
	}
	return *v.set
}

// sandboxed says that the sandbox catches all mail: the configuration names no
// mail server, and administrators have added none.
func (v *visit) sandboxed() bool {
	if v.web.Inbox == nil {
		return false
	}
	if v.common != nil {
		return !v.common.servers
	}
	added, err := v.web.Servers.Added(v.Context())
	if err != nil {
		v.web.Log.Error("read the mail servers for a page", "error", err)
	}
	return !added
}

// ownMailings is the edition of the pages of the visitor's own mailings.
//
// As long as the version is one at which no run was open, there are no
// counters to read: a run that opens raises it.
func (s *Web) ownMailings(v *visit) (string, error) {
	if seen, ok := httpd.VersionsFrom(v.Context()); ok {
		if version, ok := s.quiet.GetIfPresent(v.actor.ID); ok && version == seen.Own {
			return mailing.Quiet(version), v.asOf(seen.Common)
		}
	}
	e, err := s.Mailings.Edition(v.Context(), v.actor)
	if err != nil {
		return "", err
	}
	if e.State == mailing.Quiet(e.Own) {
		s.quiet.Set(v.actor.ID, e.Own)
	}
	return e.State, v.asOf(e.Common)
}

// blogEdition is that of the blog's pages.
func (s *Web) blogEdition(v *visit) (string, error) {
	e, err := s.Articles.Edition(v.Context())
	if err != nil {
		return "", err
	}
	return e.String(), v.asOf(e.Version)
}

// homeEdition is the numbers themselves and the edition of the blog; there is
// no other state, once there is an administrator. The articles are drawn anew
// with the minute (see pageLife).
func (s *Web) homeEdition(v *visit) (string, error) {
	if noAdmin, err := v.noAdmin(); noAdmin || err != nil {
		return "", err
	}
	census, err := s.Mailings.Census(v.Context())
	if err != nil {
		return "", err
	}
	if err := v.asOf(census.Common); err != nil {
		return "", err
	}
	return fmt.Sprint(census, v.common.blog), nil
}
