package account

import (
	"context"
	"errors"
	"strings"
	"testing"
)

var cheapest = Argon{Memory: 8, Time: 1, Threads: 1}

func TestHashAndMatch(t *testing.T) {
	h := newHasher(cheapest, 1)
	hash, err := h.hash(t.Context(), "пароль длинный")
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.hash(t.Context(), "пароль длинный")
	if err != nil || second == hash {
		t.Errorf("two hashes of one password are equal (%v)", err)
	}
	for password, want := range map[string]bool{"пароль длинный": true, "пароль длинны": false, "": false} {
		ok, stale, err := h.matches(t.Context(), hash, password)
		if ok != want || stale || err != nil {
			t.Errorf("%q: got %v, %v, %v; want %v", password, ok, stale, err, want)
		}
	}
	if ok, _, err := h.matches(t.Context(), "", ""); ok || err != nil {
		t.Errorf("no hash: got %v, %v", ok, err)
	}
	dearer := newHasher(Argon{Memory: 16, Time: 1, Threads: 1}, 1)
	if ok, stale, err := dearer.matches(t.Context(), hash, "пароль длинный"); !ok || !stale || err != nil {
		t.Errorf("another cost: got %v, %v, %v", ok, stale, err)
	}
}

// The reference implementation's own test vector, in PHC format:
// echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
func TestMatchesTheReference(t *testing.T) {
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	ok, stale, err := newHasher(DefaultArgon, 1).matches(t.Context(), hash, "password")
	if !ok || !stale || err != nil {
		t.Errorf("got %v, %v, %v", ok, stale, err)
	}
}

func TestHashingWaitsForASlot(t *testing.T) {
	h := newHasher(cheapest, 1)
	h.slots <- struct{}{} // somebody is at it
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.hash(ctx, "password"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	<-h.slots
	if _, err := h.hash(t.Context(), "password"); err != nil {
		t.Errorf("got %v", err)
	}
	if len(h.slots) != 0 {
		t.Error("the slot was kept")
	}
}

func TestParsePHCRefuses(t *testing.T) {
	const good = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if _, err := parsePHC(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another algorithm": {"argon2id", "argon2i"},
		"another version":   {"v=19", "v=16"},
		"no passes":         {"t=1", "t=0"},
		"no threads":        {"p=1", "p=0"},
		"all the memory":    {"m=64", "m=4294967295"},
		"a short salt":      {"c29tZXNhbHQ", "c29t"},
		"a cut hash":        {"GRPPc", ""},
		"more behind":       {"GRPPc", "GRPPc$"},
	} {
		if p, err := parsePHC(strings.Replace(good, change[0], change[1], 1)); err == nil {
			t.Errorf("%s: got %+v", name, p)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		again, err := parsePHC(p.String())
		if err != nil || again.String() != p.String() {
			t.Errorf("%q: got %v, %v", s, again, err)
		}
	})
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7":             "192.0.2.7",
		"::ffff:192.0.2.7":      "192.0.2.7",
		"2001:db8:1:2:3:4:5:6":  "2001:db8:1:2::/64",
		"fe80::1%eth0":          "fe80::/64",
		"":                      "",
		"not an address at all": "not an address at all",
	} {
		if got := network(address); got != want {
			t.Errorf("network(%q) = %q, want %q", address, got, want)
		}
	}
}

// Every line must be able to hit: a shorter one is refused for its length, and
// one that is not folded is never found.
func TestCommonPasswordsAreLongAndFolded(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(commonSource) {
		word := strings.TrimSpace(line)
		if len([]rune(word)) < minPassword || word != strings.ToLower(word) || seen[word] || !common(word) {
			t.Errorf("%q can't hit, or stands twice", word)
		}
		seen[word] = true
	}
}
