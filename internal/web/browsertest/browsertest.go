// Package browsertest looks at pages with a real browser: headless Chromium,
// driven by chromedp. Where there is no Chromium, its tests are skipped, or
// fail if GONETS_TEST_REQUIRE is set.
package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long all that one tab does may take.
const patience = 3 * time.Minute

// Browser is a running Chromium.
type Browser struct{ ctx context.Context }

// Open starts a browser, which ends with the test.
func Open(t *testing.T) *Browser {
	t.Helper()
	path := find(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		// A frame without an origin, as a preview is, would have a process of its
		// own, of which nothing were heard here.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,IsolateSandboxedIframes"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &Browser{ctx: ctx}
}

func find(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "Chromium is not installed")
	return ""
}

// missing leaves a test out, or fails it where nothing may be left out.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("GONETS_TEST_REQUIRE") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Tab is one tab. Whatever its pages complain about, in the console or over
// the Content-Security-Policy, fails the test.
type Tab struct {
	context.Context //nolint:containedctx // chromedp's tab is its context
	t               *testing.T
	expected        []string

	mutex      sync.Mutex
	complaints []string
}

// Tab opens a tab of a size in pixels: 1280 × 800, or 390 × 844 for a phone.
func (b *Browser) Tab(t *testing.T, width, height int64) *Tab {
	t.Helper()
	tab := &Tab{t: t}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithListener(tab.listener()))
	t.Cleanup(tab.report)
	t.Cleanup(cancel)
	tab.Context = ctx
	tab.Do(chromedp.Navigate("about:blank"))
	limited, stop := context.WithTimeout(ctx, patience)
	t.Cleanup(stop)
	tab.Context = limited
	if _, err := chromedp.Call(limited, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	tab.Do(chromedp.EmulateViewport(width, height))
	return tab
}

// report fails the test for each complaint that nobody expected.
func (tab *Tab) report() {
	for _, c := range tab.heard() {
		if !slices.ContainsFunc(tab.expected, func(part string) bool { return strings.Contains(c, part) }) {
			tab.t.Errorf("the page complains: %s", c)
		}
	}
}

func (tab *Tab) heard() []string {
	tab.mutex.Lock()
	defer tab.mutex.Unlock()
	return slices.Clone(tab.complaints)
}

// listener gathers complaints.
func (tab *Tab) listener() func(event any) {
	note := func(text string) {
		tab.mutex.Lock()
		defer tab.mutex.Unlock()
		tab.complaints = append(tab.complaints, text)
	}
	return func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
				note(e.Entry.Text + " " + e.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			note(thrown(e.ExceptionDetails))
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
				note("console." + string(e.Type) + said(e.Args))
			}
		}
	}
}

// said is what a page wrote to the console.
func said(args []*runtime.RemoteObject) (text string) {
	for _, a := range args {
		text += " " + a.Description + string(a.Value)
	}
	return text
}

// thrown is an exception with its stack.
func thrown(e *runtime.ExceptionDetails) string {
	if e.Exception != nil && e.Exception.Description != "" {
		return e.Exception.Description
	}
	return e.Text
}

// Expect lets pages complain about what has this part: that a page isn't
// there, for one whose error is what is looked at.
func (tab *Tab) Expect(part string) { tab.expected = append(tab.expected, part) }

// Do does things in the tab, or fails the test.
func (tab *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	if err := chromedp.Do(tab.Context, actions...); err != nil {
		tab.t.Fatal(err)
	}
}

// Run does something in the tab that has a result, or fails the test.
func Run[T any](tab *Tab, action chromedp.Action[T]) T {
	tab.t.Helper()
	result, err := chromedp.Run(tab.Context, action)
	if err != nil {
		tab.t.Fatal(err)
	}
	return result
}

// WithoutScript forbids the pages of the tab all scripts.
func (tab *Tab) WithoutScript() {
	tab.t.Helper()
	if _, err := chromedp.Call(tab.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		tab.t.Fatal(err)
	}
}

// Shoot saves a picture of the whole page to the folder that GONETS_SHOTS
// names, for a person to look at.
func (tab *Tab) Shoot(name string) {
	tab.t.Helper()
	folder := os.Getenv("GONETS_SHOTS")
	if folder == "" {
		return
	}
	picture := Run(tab, chromedp.FullScreenshot(100))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		tab.t.Error(err)
		return
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		tab.t.Error(err)
	}
}

// Axe asks axe-core what a person with a disability would stumble over in the
// page as it stands, and fails the test for each. It leaves frames out: those of
// previews run no script, and can't answer it.
func (tab *Tab) Axe() {
	tab.t.Helper()
	tab.Do(chromedp.Evaluate[chromedp.Void](axe + ";0"))
	found := Run(tab, chromedp.Evaluate[string](`axe.run({resultTypes: ["violations"], iframes: false}).then((r) => JSON.stringify(
		r.violations.map((v) => ({rule: v.id, help: v.help, nodes: v.nodes.map((n) => n.html.slice(0, 160) + " — " + (n.any[0]?.message ?? "")) }))))`,
		chromedp.EvalAwaitPromise))
	var violations []struct {
		Rule, Help string
		Nodes      []string
	}
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		tab.t.Fatalf("axe answered %q: %v", found, err)
	}
	for _, v := range violations {
		tab.t.Errorf("axe: %s: %s\n\t%s", v.Rule, v.Help, strings.Join(v.Nodes, "\n\t"))
	}
}

// axe is axe-core 4.14.1 as npm has it (MPL 2.0, see axe/LICENSE), so that
// the tests need no npm.
//
//go:embed axe/axe.min.js
var axe string
