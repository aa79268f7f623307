package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gonets/internal/recipient"
	"gonets/internal/web/ui"
)

// audienceForm is whom a mailing goes to, as a person chooses it. Recipients
// are found by a search and picked from what it finds; a press of "Find" does
// that without scripts, by sending the form as it is and getting it back.
type audienceForm struct {
	Whom   string // whomAll or whomSome
	Tags   []string
	IDs    []int64
	Search string
	Found  string // the search whose finds the form shows already
}

const (
	whomAll  = "all"
	whomSome = "some"
)

func readAudience(r *http.Request) audienceForm {
	_ = r.ParseForm() // a broken body has no fields: the form says what is missing
	f := audienceForm{
		Whom: r.FormValue("audience"), Tags: r.Form["audience.tags"],
		Search: strings.TrimSpace(r.FormValue("find")), Found: r.FormValue("found"),
	}
	for _, text := range r.Form["audience.recipient_ids"] {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil && !slices.Contains(f.IDs, id) {
			f.IDs = append(f.IDs, id)
		}
	}
	return f
}

// finds says that the form was sent to search: by its button, or by Enter in
// the search field.
func (f audienceForm) finds(r *http.Request) bool {
	return r.FormValue("do") == "find" || r.FormValue("do") != "save" && f.Search != "" && f.Search != f.Found
}

func (f audienceForm) audience() recipient.Audience {
	if f.Whom == whomAll {
		return recipient.Audience{All: true}
	}
	return recipient.Audience{Tags: f.Tags, RecipientIDs: f.IDs}
}

func audienceFormOf(a recipient.Audience) audienceForm {
	if a.All {
		return audienceForm{Whom: whomAll}
	}
	return audienceForm{Whom: whomSome, Tags: a.Tags, IDs: a.RecipientIDs}
}

// picks are the recipients that are chosen one by one, those that the search
// found besides, and how many all of the audience are.
type picks struct {
	Chosen, Found []recipient.Recipient
	Search        string
	More          bool // the search found more than are shown
	Size          int64
	Exact         bool
}

// found bounds what a search shows: whoever wants more wants a tag.
const found = 20

func (s *Web) picks(v *visit, f audienceForm, tags []recipient.Tag) (p picks, err error) {
	p.Search = f.Search
	known, err := s.Recipients.ForSending(v.Context(), s.DB.Read(), f.IDs)
	if err != nil {
		return p, err
	}
	var ids []int64
	for _, id := range f.IDs {
		if r, ok := known[id]; ok && r.UserID == v.actor.ID {
			p.Chosen, ids = append(p.Chosen, r), append(ids, id)
		}
	}
	if f.Search != "" {
		list, next, err := s.Recipients.List(v.Context(), v.actor, recipient.Filter{Search: f.Search, Limit: found})
		if err != nil {
			return p, err
		}
		p.More = next != 0
		p.Found = slices.DeleteFunc(list, func(r recipient.Recipient) bool { return slices.Contains(ids, r.ID) })
	}
	p.Size, p.Exact, err = s.Recipients.AudienceSize(v.Context(), v.actor.ID, stored(f, ids, tags))
	return p, err
}

// stored is the audience with the ids of its tags.
func stored(f audienceForm, ids []int64, tags []recipient.Tag) recipient.StoredAudience {
	slices.Sort(ids)
	a := recipient.StoredAudience{All: f.Whom == whomAll, TagIDs: []int64{}, RecipientIDs: ids}
	for _, t := range tags {
		if has(f.Tags, t.Name) {
			a.TagIDs = append(a.TagIDs, t.ID)
		}
	}
	slices.Sort(a.TagIDs)
	return a
}

// audiencePreview is the part of the form that follows what is chosen.
func (s *Web) audiencePreview(v *visit) error {
	tags, err := s.Recipients.Tags(v.Context(), v.actor)
	if err != nil {
		return err
	}
	p, err := s.picks(v, readAudience(v.Request), tags)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, audiencePicks(v.view, p))
}

// size says how many recipients an audience has.
func (p picks) size(v ui.View) string {
	if !p.Exact {
		return v.T("mailings.audience_over", "Count", p.Size)
	}
	return v.T("mailings.audience_size", "Count", p.Size)
}
