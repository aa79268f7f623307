package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"gonets/internal/account"
	"gonets/internal/api"
	"gonets/internal/blog"
	"gonets/internal/db"
	"gonets/internal/httpd"
	"gonets/internal/mailing"
	"gonets/internal/mailserver"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/schedule"
)

// What the owner keeps to themselves: secretWord is in every name and text of
// theirs, secretAddress in the address of every recipient.
const (
	secretWord    = "zirconium"
	secretAddress = "quagmire"
)

const matrixPassword = "correct horse battery"

// matrixWorld is a whole service, wired as "gonets serve" does, with somebody
// for each column of the matrix, and the owner's objects, made when a row
// names them. Its requests come from afar: nobody sits at the machine.
type matrixWorld struct {
	*app

	t       *testing.T
	server  *httpd.Server
	ids     map[string]int64  // of the askers
	cookies map[string]string // their sessions
	tokens  map[string]string // their API tokens
	objects map[string]string // by placeholder, as long as nobody has changed them
	made    int
}

func newMatrixWorld(t *testing.T, database string) *matrixWorld {
	t.Helper()
	s := newSession(t, database)
	s.argon = account.Argon{Memory: 8, Time: 1, Threads: 1}
	a, err := s.open(t.Context(), duty{node: t.Name(), worker: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	door, err := s.openDoor(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	door.listener.Close() // it is asked without
	w := &matrixWorld{
		app: a, t: t, server: door.server, ids: map[string]int64{},
		cookies: map[string]string{}, tokens: map[string]string{}, objects: map[string]string{},
	}
	w.people()
	return w
}

func (w *matrixWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// people makes the askers. The two who may not come in have had their session
// and their token before.
func (w *matrixWorld) people() {
	w.t.Helper()
	w.ids["owner"] = w.user("owner", account.RoleUser)
	w.ids["other"] = w.user("other", account.RoleUser)
	w.ids["moderator"] = w.user("moderator", account.RoleModerator)
	w.ids["admin"] = w.user("admin", account.RoleAdmin)
	w.ids["unverified"] = w.user("unverified", account.RoleUser)
	w.ids["blocked"] = w.user("blocked", account.RoleAdmin)
	w.sql(`UPDATE users SET verified_at = 0 WHERE id = $1`, w.ids["unverified"])
	w.sql(`UPDATE users SET blocked_at = 1, blocked_reason = 'Spam' WHERE id = $1`, w.ids["blocked"])
}

func (w *matrixWorld) user(name string, role account.Role) int64 {
	w.t.Helper()
	u, err := w.accounts.Create(w.t.Context(), account.CommandLine(), account.NewUser{
		Email: name + "@users.example", Password: matrixPassword, Role: role, Locale: "en", Verified: true,
	})
	w.must(err)
	return u.ID
}

// sql changes what no method would.
func (w *matrixWorld) sql(query string, args ...any) {
	w.t.Helper()
	w.must(w.db.Tx(w.t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(w.t.Context(), query, args...)
		return err
	}))
}

// ask asks as somebody: the API with a token, pages with a session.
func (w *matrixWorld) ask(asker, method, path, body string) *httptest.ResponseRecorder {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	typ, content := bodyOf(body)
	r := httptest.NewRequestWithContext(ctx, method, path, bytes.NewReader(content))
	r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1024", w.ids[asker]+1)
	if typ != "" {
		r.Header.Set("Content-Type", typ)
	}
	if asker != "guest" {
		if strings.HasPrefix(path, api.Prefix) {
			r.Header.Set("Authorization", "Bearer "+w.token(asker))
		} else {
			r.AddCookie(&http.Cookie{Name: w.server.Sessions().Cookie.Name, Value: w.session(asker)})
		}
	}
	answer := httptest.NewRecorder()
	w.server.ServeHTTP(&brief{answer, cancel}, r)
	return answer
}

// brief is a visitor of a live page who leaves after the first event.
type brief struct {
	*httptest.ResponseRecorder

	leave func()
}

func (b *brief) Flush() { b.ResponseRecorder.Flush(); b.leave() }

// bodyOf is what the table calls a body: {…} is JSON, "csv …" and "file …" are
// a file, of which \n ends a line, alone and in a form; anything else is a form.
func bodyOf(body string) (typ string, content []byte) {
	kind, rest, _ := strings.Cut(body, " ")
	file := strings.ReplaceAll(rest, `\n`, "\n")
	switch {
	case body == "":
		return "", nil
	case strings.HasPrefix(body, "{"):
		return "application/json", []byte(body)
	case kind == "csv":
		return "text/csv", []byte(file)
	case kind == "file":
		var form bytes.Buffer
		parts := multipart.NewWriter(&form)
		part, _ := parts.CreateFormFile("file", "people.csv")
		part.Write([]byte(file))
		parts.Close()
		return parts.FormDataContentType(), form.Bytes()
	default:
		return "application/x-www-form-urlencoded", []byte(body)
	}
}

// session is the cookie of somebody who has logged in, even where the login
// would not let them.
func (w *matrixWorld) session(asker string) string {
	w.t.Helper()
	if w.cookies[asker] == "" {
		u, err := w.accounts.Get(w.t.Context(), account.CommandLine(), w.ids[asker])
		w.must(err)
		ctx, err := w.server.Sessions().Load(w.t.Context(), "")
		w.must(err)
		w.must(w.server.LogIn(ctx, u))
		w.cookies[asker], _, err = w.server.Sessions().Commit(ctx)
		w.must(err)
	}
	return w.cookies[asker]
}

func (w *matrixWorld) token(asker string) string {
	w.t.Helper()
	if w.tokens[asker] == "" {
		var err error
		w.tokens[asker], err = w.accounts.CreateToken(w.t.Context(), account.CommandLine(), w.ids[asker], "matrix")
		w.must(err)
	}
	return w.tokens[asker]
}

// spend forgets what a request may have changed.
func (w *matrixWorld) spend(asker string) {
	clear(w.objects)
	delete(w.cookies, asker)
	delete(w.tokens, asker)
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// fill puts objects in the place of their names.
func (w *matrixWorld) fill(text string) string {
	w.t.Helper()
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		name := strings.Trim(found, "{}")
		if name == "fresh" {
			w.made++
			return fmt.Sprintf("fresh%d", w.made)
		}
		if w.objects[name] == "" {
			w.objects[name] = w.make(name)
		}
		return w.objects[name]
	})
}

func (w *matrixWorld) owner() account.Actor {
	w.t.Helper()
	u, err := w.accounts.Get(w.t.Context(), account.CommandLine(), w.ids["owner"])
	w.must(err)
	return u.Actor()
}

func (w *matrixWorld) article(published time.Time) blog.Article {
	w.t.Helper()
	w.made++
	a, err := w.articles.Create(w.t.Context(), account.CommandLine(), blog.Draft{
		Title: fmt.Sprint("Article ", w.made), Locale: "en", Body: "Hello", PublishedAt: published,
	})
	w.must(err)
	return a
}

// make makes an object of the owner's and answers its id, or its token.
func (w *matrixWorld) make(name string) string {
	w.t.Helper()
	switch name {
	case "server":
		made, err := w.servers.Create(w.t.Context(), account.CommandLine(), mailserver.Draft{
			Host: "127.0.0.1", Port: 1, Security: mailserver.None, Connections: 1,
		})
		w.must(err)
		return id(made.ID)
	case "recipient":
		return id(w.recipient())
	case "message":
		return id(w.message())
	case "draft":
		return id(w.mailing().ID)
	case "mailing": // active, with a planned run
		return id(w.started().ID)
	case "paused":
		m, err := w.mailings.Pause(w.t.Context(), w.owner(), w.started().ID)
		w.must(err)
		return id(m.ID)
	case "disabled":
		m, err := w.mailings.Disable(w.t.Context(), account.CommandLine(), w.started().ID, "Spam")
		w.must(err)
		return id(m.ID)
	case "run":
		return id(w.started().LastRun.ID)
	case "delivery":
		return w.find(`SELECT min(id) FROM deliveries WHERE run_id = $1`, w.started().LastRun.ID)
	case "import":
		i, err := w.recipients.Upload(w.t.Context(), w.owner(),
			strings.NewReader("email\n"+secretAddress+"-broken\n"), recipient.ImportOptions{Name: secretWord + ".csv"})
		w.must(err)
		return id(i.ID)
	case "change": // one at a time
		open, goesOn, err := w.recipients.OpenChange(w.t.Context(), w.owner())
		w.must(err)
		if goesOn {
			w.must(w.recipients.CancelChange(w.t.Context(), w.owner(), open.ID))
		}
		c, err := w.recipients.BeginChange(w.t.Context(), w.owner(), recipient.ActTag, secretWord, recipient.Filter{})
		w.must(err)
		return id(c.ID)
	case "article": // by its address
		return w.article(w.db.Now()).Slug
	case "unpublished":
		return w.article(time.Time{}).Slug
	case "writing": // by its id
		return id(w.article(time.Time{}).ID)
	case "small": // the file of a picture
		return "small.jpg"
	case "picture":
		picture, err := exampleCover(0)
		w.must(err)
		cover, err := w.articles.AddPicture(w.t.Context(), account.CommandLine(), picture)
		w.must(err)
		return cover.Name
	case "token":
		_, err := w.accounts.CreateToken(w.t.Context(), w.owner(), w.ids["owner"], secretWord)
		w.must(err)
		return w.find(`SELECT max(id) FROM tokens WHERE user_id = $1`, w.ids["owner"])
	case "unsubscribe":
		return w.recipients.UnsubscribeToken(w.recipient(), w.mailing().ID)
	case "verify", "reset":
		return w.link(name)
	case "victim":
		w.made++
		return id(w.user(fmt.Sprintf("victim%d", w.made), account.RoleUser))
	case "newcomer": // who has not confirmed the address
		w.made++
		newcomer := w.user(fmt.Sprintf("newcomer%d", w.made), account.RoleUser)
		w.sql(`UPDATE users SET verified_at = 0 WHERE id = $1`, newcomer)
		return id(newcomer)
	case "group":
		w.made++
		name := fmt.Sprintf("group%d", w.made)
		w.must(w.accounts.CreateGroup(w.t.Context(), account.CommandLine(), name, []account.Action{account.ArticleEdit}))
		return name
	case "outcast": // a blocked one
		w.made++
		victim := w.user(fmt.Sprintf("outcast%d", w.made), account.RoleUser)
		_, err := w.accounts.Block(w.t.Context(), account.CommandLine(), victim, "Spam")
		w.must(err)
		return id(victim)
	case "letter":
		w.sql(`INSERT INTO sandbox_mails (at, mail_from, rcpt_to, subject, search, size, raw) VALUES (1, 'a', 'b', 'c', '', 1, $1)`,
			[]byte("Subject: Hello\r\nContent-Type: text/html\r\n\r\n<p>Hello\r\n"))
		return w.find(`SELECT max(id) FROM sandbox_mails`)
	default:
		return "{" + name + "}"
	}
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

// find is a number in the database.
func (w *matrixWorld) find(query string, args ...any) string {
	w.t.Helper()
	var n int64
	w.must(w.db.Read().QueryRow(w.t.Context(), query, args...).Scan(&n))
	return id(n)
}

// link is the token of a letter to a new user.
func (w *matrixWorld) link(kind string) string {
	w.t.Helper()
	w.made++
	token := fmt.Sprintf("token-%d", w.made)
	user := w.user(fmt.Sprintf("linked%d", w.made), account.RoleUser)
	if kind == "verify" {
		w.sql(`UPDATE users SET verified_at = 0 WHERE id = $1`, user)
	}
	sum := sha256.Sum256([]byte(token))
	w.sql(`INSERT INTO tokens (user_id, kind, hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		user, kind, hex.EncodeToString(sum[:]), db.At(w.db.Now()), db.At(w.db.Now().Add(time.Hour)))
	return token
}

func (w *matrixWorld) recipient() int64 {
	w.t.Helper()
	w.made++
	r, err := w.recipients.Create(w.t.Context(), w.owner(), recipient.Draft{
		Email: fmt.Sprintf("%s.%d@example.com", secretAddress, w.made), Name: secretWord, Comment: secretWord, Tags: []string{secretWord},
	})
	w.must(err)
	return r.ID
}

func (w *matrixWorld) message() int64 {
	w.t.Helper()
	m, err := w.messages.Create(w.t.Context(), w.owner(), message.Draft{
		Subject: secretWord, Format: message.Text, Body: secretWord + " {{ recipient.email }}",
	})
	w.must(err)
	return m.ID
}

// mailing makes a draft to one recipient.
func (w *matrixWorld) mailing() mailing.Mailing {
	w.t.Helper()
	m, err := w.mailings.Create(w.t.Context(), w.owner(), mailing.Input{
		Name: secretWord, MessageID: w.message(), Audience: recipient.Audience{RecipientIDs: []int64{w.recipient()}},
		Schedule: schedule.Schedule{Frequency: schedule.Once, Zone: "UTC"},
		Sender:   mailing.Sender{Name: "Shop", Email: "shop@example.com"},
	})
	w.must(err)
	return m
}

// started is a mailing whose run is sending, to nobody yet.
func (w *matrixWorld) started() mailing.Mailing {
	w.t.Helper()
	m, err := w.mailings.Start(w.t.Context(), w.owner(), w.mailing().ID)
	w.must(err)
	_, err = w.mailings.Plan(w.t.Context(), m.LastRun.ID)
	w.must(err)
	w.must(w.mailings.Begin(w.t.Context(), m.LastRun.ID))
	return m
}
