package web

import (
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
	"gonets/internal/message"
	"gonets/internal/recipient"
	"gonets/internal/web/browsertest"
)

// sample fills a person's pages.
func (p *person) sample() (page string) {
	p.t.Helper()
	for i, name := range []string{"Анна Смирнова", "Борис Петров", "Вера Кузнецова", "Глеб Орлов", "Дарья Белова"} {
		p.recipient(recipient.Draft{
			Email: fmt.Sprintf("%s@example.com", []string{"anna", "boris", "vera", "gleb", "darya"}[i]), Name: name,
			Tags:       []string{"клиент", []string{"vip", "новый"}[i%2]},
			Attributes: map[string]any{"город": []string{"Москва", "Казань", "Омск"}[i%3], "баланс": int64(100 * i)},
			Comment:    "Просил звонить после обеда.", TimeZone: "Europe/Samara", Locale: "ru",
		})
	}
	r := p.recipient(recipient.Draft{Email: "egor@example.com", Name: "Егор Лис", Tags: []string{"клиент"}})
	if err := p.Recipients.Suppress(p.t.Context(), p.Actor, r.ID); err != nil {
		p.t.Fatal(err)
	}
	p.run("Ноябрьские новости")
	p.done(p.upload("клиенты.csv", "email,name\nzoya@example.com,Зоя\nнет адреса,Никто\n@,Никто\n", map[string]string{"tags": "импорт"}).header.Get("Location"))
	m := p.message(message.Draft{Subject: "Привет, {{ recipient.name }}!", Format: message.Markdown, Body: "# Новости ноября\n\nЗдравствуйте, **{{ recipient.name }}**! " +
		"Погода в городе {{ recipient.город | default: \"вашем\" }} хорошая.\n\n| Что | Сколько |\n|---|---:|\n| Чай | 120 |\n| Мёд | 450 |\n\n- раз\n- два\n\n[Подробнее](https://example.com)\n"})
	return messageURL(m.ID, "")
}

// enter opens a tab in which the person is logged in.
func (p *person) enter(b *browsertest.Browser, width, height int64) *browsertest.Tab {
	p.t.Helper()
	tab := b.Tab(p.t, width, height)
	tab.Do(chromedp.Navigate(p.enterURL(p.Email)))
	return tab
}

// until waits for an element, a frame too, of whose inside the browser tells
// nothing.
func until(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`new Promise((done) => {
		const look = () => (document.querySelector(%q) ? done() : setTimeout(look, 20));
		look();
	})`, selector), chromedp.EvalAwaitPromise)
}

// press and typeInto go through the page itself: the browser's own way looks
// into every frame, which a preview doesn't allow.
func press(tab *browsertest.Tab, selector string) {
	tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).click();0`, selector)))
}

func typeInto(tab *browsertest.Tab, selector, text string) {
	tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).focus();0`, selector)), chromedp.KeyEvent(text))
}

// TestEditorByHand writes a message as a person does.
func TestEditorByHand(t *testing.T) {
	b := browsertest.Open(t)
	p := newHouse(t, dbtest.SQLite(t)).person("anna", "en")
	p.recipient(recipient.Draft{Email: "ivan@example.com", Name: "Ivan"})
	tab := p.enter(b, 1280, 900)
	tab.Do(chromedp.Navigate(p.server.URL+"/messages/new"), until(`iframe[name^=preview-]:not(.preview-coming)`))
	value := func(field string) string {
		return browsertest.Run(tab, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector('[name=%s]').value`, field)))
	}
	before := browsertest.Run(tab, chromedp.Evaluate[int](`history.length`))
	typeInto(tab, "[name=subject]", "Hi ")
	press(tab, `[data-insert="{{ recipient.name }}"]`)
	if got := value("subject"); got != "Hi {{ recipient.name }}" {
		t.Errorf("the subject is %q", got)
	}
	// The frame that was there is replaced by one with what was typed.
	typeInto(tab, "[name=body]", "Hello")
	tab.Do(until(`iframe.preview-frame:not([name=preview-1], .preview-coming)`))
	if after := browsertest.Run(tab, chromedp.Evaluate[int](`history.length`)); after != before {
		t.Errorf("previews are in the history: %d entries, and %d before", after, before)
	}
	typeInto(tab, "[name=to]", "ivan@example.com")
	press(tab, `[hx-post="/messages/test"]`)
	tab.Do(until(`#test-result .alert-success`))
	if got := p.tester.content.Subject; got != "Hi Ivan" {
		t.Errorf("sent %q", got)
	}
	tab.Do(chromedp.Evaluate[chromedp.Void](`document.dispatchEvent(new KeyboardEvent("keydown", { code: "KeyS", ctrlKey: true }));0`))
	for {
		m, err := p.Messages.Get(t.Context(), p.Actor, 1)
		if fault.Is(err, fault.NotFound) && tab.Err() == nil {
			continue
		}
		if err != nil || m.Subject != "Hi {{ recipient.name }}" || m.Body != "Hello" {
			t.Errorf("saved %+v, %v", m.Draft, err)
		}
		return
	}
}

// TestLook takes pictures of every page, and asks axe about each.
func TestLook(t *testing.T) {
	b := browsertest.Open(t)
	p := newHouse(t, dbtest.SQLite(t)).person("anna", "ru")
	editor := p.sample()
	pages := map[string]string{
		"recipients": "/recipients", "recipient": "/recipients/1", "recipient-suppressed": "/recipients/6", "recipient-new": "/recipients/new",
		"recipient-edit": "/recipients/1/edit", "import": "/recipients/import", "import-report": "/recipients/imports/1",
		"imports": "/recipients/imports", "messages": "/messages", "editor": editor, "nothing": "/recipients?q=нет",
	}
	for _, look := range []struct {
		name          string
		width, height int64
		theme         string
	}{{"wide", 1280, 900, "light"}, {"dark", 1280, 900, "dark"}, {"phone", 390, 844, "light"}} {
		tab := p.enter(b, look.width, look.height)
		tab.Do(chromedp.Navigate(p.server.URL + "/recipients"))
		tab.Do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector('[name=theme][value=%s]').click();0`, look.theme)))
		tab.Do(chromedp.WaitReady(fmt.Sprintf(`html[data-bs-theme=%s]`, look.theme)))
		for name, path := range pages {
			tab.Do(chromedp.Navigate(p.server.URL + path))
			if over := browsertest.Run(tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)); over {
				t.Errorf("%s is wider than the window (%s)", path, look.name)
			}
			tab.Shoot(name + "-" + look.name)
			tab.Axe()
		}
		if os.Getenv("GONETS_SHOTS") != "" {
			tab.Do(chromedp.Navigate(p.server.URL+"/recipients"), chromedp.Click(`input[name=id]`))
			tab.Shoot("bulk-" + look.name)
		}
	}
}
