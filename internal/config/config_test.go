package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// load parses a command line as package cli does.
func load(t *testing.T, env map[string]string, file string, args ...string) (Config, *Loader) {
	t.Helper()
	var grammar struct {
		Config
		File string `name:"config"`
	}
	l := NewLoader(func(name string) (string, bool) { value, ok := env[name]; return value, ok }, file)
	parser, err := kong.New(&grammar, l.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	l.Flagged(ctx)
	return grammar.Config, l
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gonets.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagOverEnvironmentOverFile(t *testing.T) {
	file := write(t, "smtp-connections: 3\nsmtp-rate: 1.5\nworker: off\nretries: [10ms, 1s]\n")
	env := map[string]string{"GONETS_SMTP_CONNECTIONS": "4", "GONETS_SMTP_RATE": "2.5", "GONETS_NODE": ""}
	c, l := load(t, env, file, "--smtp-connections=5")
	if p := l.Check(&c); len(p) > 0 {
		t.Fatalf("problems: %v", p)
	}
	if c.SMTPConnections != 5 || c.SMTPRate != 2.5 || c.Worker != Off {
		t.Errorf("got %d, %g, %v; want the flag's 5, the environment's 2.5, the file's off", c.SMTPConnections, c.SMTPRate, c.Worker)
	}
	if got, want := c.Retries.String(), "10ms,1s"; got != want {
		t.Errorf("retries: got %s, want %s", got, want)
	}
	from := map[string]Source{}
	for _, s := range l.Settings(&c) {
		from[s.Name] = s.From
	}
	for name, want := range map[string]Source{
		"GONETS_SMTP_CONNECTIONS": Flag, "GONETS_SMTP_RATE": Environment, "GONETS_WORKER": File,
		"GONETS_ADDR": Default, "GONETS_NODE": Default,
	} {
		if from[name] != want {
			t.Errorf("%s is from %q, want %q", name, from[name], want)
		}
	}
}

func TestDefaults(t *testing.T) {
	c, l := load(t, nil, "", "--addr=:9000", "--data-dir=/srv/gonets")
	if p := l.Check(&c); len(p) > 0 {
		t.Errorf("the defaults are refused: %v", p)
	}
	if got, want := c.BaseURL, "http://localhost:9000"; got != want {
		t.Errorf("base URL: got %s, want %s", got, want)
	}
	if got, want := c.DatabaseURL, "sqlite:/srv/gonets/gonets.db"; got != want {
		t.Errorf("database: got %s, want %s", got, want)
	}
	if got, want := c.MailFrom, "gonets@localhost"; got != want {
		t.Errorf("mail from: got %s, want %s", got, want)
	}
	if got, want := c.GiveUp, 72*time.Hour; got != want {
		t.Errorf("give up: got %s, want %s", got, want)
	}
	if got, want := int64(c.ImportMax), int64(1<<30); got != want {
		t.Errorf("import max: got %d, want %d", got, want)
	}
	c, _ = load(t, nil, "", "--base-url=https://mail.example.org/")
	if c.Complete(); c.MailFrom != "gonets@mail.example.org" || c.BaseURL != "https://mail.example.org" {
		t.Errorf("got %s from %s", c.MailFrom, c.BaseURL)
	}
}

// TestAllProblemsAtOnce breaks many settings, in values and in meaning.
func TestAllProblemsAtOnce(t *testing.T) {
	file := write(t, "grace: soon\nsmpt-url: x\n")
	env := map[string]string{
		"GONETS_SMTP_CONNECTIONS": "ten", "GONETS_WORKER": "maybe", "GONETS_IMPORT_MAX": "-1",
		"GONETS_TRUSTED_PROXIES": "10.0.0.0/33", "GONETS_RETRIES": "1s,x", "GONETS_SMTP_RATE": "NaN",
	}
	c, l := load(t, env, file, "--addr=8080", "--base-url=mail.example.org", "--registration=half",
		"--log-level=loud", "--secret-key=short", "--database-url=mysql://root:hunter2@db/x", "--lease=-1s")
	got := map[string]string{}
	for _, p := range l.Check(&c) {
		if got[p.Name] != "" {
			t.Errorf("%s is told twice", p.Name)
		}
		got[p.Name] = p.Key
		if strings.Contains(p.Name+p.Key, "hunter2") || strings.Contains(strings.Join(values(p.Args), " "), "hunter2") {
			t.Errorf("%s tells the password", p.Name)
		}
	}
	for name, want := range map[string]string{
		"GONETS_GRACE": "config.duration", "--config": "config.file_unknown", "GONETS_SMTP_CONNECTIONS": "config.number",
		"GONETS_WORKER": "config.switch", "GONETS_IMPORT_MAX": "config.size", "GONETS_TRUSTED_PROXIES": "config.networks",
		"GONETS_SMTP_RATE": "config.decimal", "GONETS_ADDR": "config.addr", "GONETS_BASE_URL": "config.base_url",
		"GONETS_REGISTRATION": "config.choice", "GONETS_LOG_LEVEL": "config.choice", "GONETS_SECRET_KEY": "config.secret_short",
		"GONETS_DATABASE_URL": "config.database_url", "GONETS_LEASE": "config.too_short", "GONETS_RETRIES": "config.durations",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}

func values(args map[string]any) (texts []string) {
	for _, v := range args {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

func TestSettingsKeepSecrets(t *testing.T) {
	c, l := load(t, nil, "", "--smtp-url=smtp://me:hunter2@mx.example.org:587", "--secret-key="+strings.Repeat("hunter2", 6),
		"--database-url=postgres://me@db/x?password=hunter2&sslmode=disable")
	shown := map[string]string{}
	for _, s := range l.Settings(&c) {
		if strings.Contains(s.Value, "hunter2") {
			t.Errorf("%s is shown as %s", s.Name, s.Value)
		}
		shown[s.Name] = s.Value
	}
	if got, want := shown["GONETS_SMTP_URL"], "smtp://me:***@mx.example.org:587"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, broken := range []string{"smtp://me:hunter2#x@mx", "smtp://me:hunter2/x@mx:5", "smtp://me:%hunter2@mx", "smtp://me:12/hunter2@mx", "postgres://me:a#hunter2@db"} {
		if got := mask(broken, "url"); strings.Contains(got, "hunter2") {
			t.Errorf("%s is shown as %s", broken, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1GiB": 1 << 30, "1.5 MiB": 3 << 19, "20MB": 20e6, "10": 10, "10b": 10, "2k": 2048, "0": 0,
	} {
		got, problem := parseSize(text)
		if problem != "" || int64(got) != want {
			t.Errorf("%q: got %d %s, want %d", text, got, problem, want)
		}
	}
	for _, text := range []string{"", "GiB", "-1", "1e300TiB", "NaN", "ten"} {
		if got, problem := parseSize(text); problem == "" {
			t.Errorf("%q: got %d, want a problem", text, got)
		}
	}
	if got := Size(1 << 30).String(); got != "1GiB" {
		t.Errorf("got %s, want 1GiB", got)
	}
}

// TestSecret has many processes ask for a secret that is not there yet.
func TestSecret(t *testing.T) {
	c := Config{DataDir: filepath.Join(t.TempDir(), "data")}
	var wait sync.WaitGroup
	secrets := make([]string, 20)
	for i := range secrets {
		wait.Go(func() {
			secret, err := c.Secret()
			if err != nil {
				t.Error(err)
			}
			secrets[i] = string(secret)
		})
	}
	wait.Wait()
	for _, s := range secrets {
		if s != secrets[0] || len(s) < minSecret {
			t.Fatalf("got %q and %q, want one secret", s, secrets[0])
		}
	}
	info, err := os.Stat(c.SecretPath())
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("the file's mode is %o, want 600", got)
	}
	set := Config{SecretKey: secrets[0]}
	if got, err := set.Secret(); err != nil || Fingerprint(got) != Fingerprint([]byte(secrets[0])) {
		t.Errorf("the file's text as a setting is another secret (%v)", err)
	}
	if err := os.WriteFile(c.SecretPath(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Secret(); !errors.Is(err, ErrSecretFile) {
		t.Errorf("an empty file: got %v, want %v", err, ErrSecretFile)
	}
}

func TestBaseURLHasNoPath(t *testing.T) {
	for base, want := range map[string]bool{
		"https://mail.example.org":  true,
		"https://mail.example.org/": true,
		"http://[::1]:8080":         true,
		"https://example.org/mail":  false,
		"https://example.org/mail/": false,
		"https://example.org?a=b":   false,
		"https://anna@example.org":  false,
		"ftp://example.org":         false,
		"//example.org":             false,
	} {
		c, l := load(t, nil, "", "--base-url="+base)
		c.Complete()
		refused := slices.ContainsFunc(l.Check(&c), func(p Problem) bool { return p.Name == "GONETS_BASE_URL" })
		if refused == want {
			t.Errorf("%s: refused %v", base, refused)
		}
	}
}
