package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"gonets/internal/account"
)

// TestAdminServers walks the pages of mail servers, and looks at what a server
// says: as it is, and never as HTML.
func TestAdminServers(t *testing.T) {
	eachDesk(t, func(k *desk) {
		admin, mod := k.user("root", account.RoleAdmin, "en"), k.user("mod", account.RoleModerator, "en")
		port := rudeServer(t)
		form := url.Values{
			"name": {"<b>Relay</b>"}, "host": {"127.0.0.1"}, "port": {port}, "security": {"none"},
			"username": {"gonets"}, "password": {"hush-hush"}, "connections": {"2"}, "rate": {"1,5"}, "enabled": {"on"},
		}
		mod.post("/admin/servers", form).status(http.StatusForbidden)
		wrong := url.Values{"host": {"no host"}, "port": {"99999"}, "connections": {"0"}, "rate": {"fast"}, "security": {"none"}}
		admin.post("/admin/servers", wrong).status(http.StatusUnprocessableEntity).
			shows("Enter the name or the IP address", "Enter a port", "Enter a whole number", "Enter a number from 0", `value="no host"`, `value="fast"`)
		admin.post("/admin/servers", form).leads("/admin/servers")
		list := admin.get("/admin/servers").status(http.StatusOK)
		list.shows("&lt;b&gt;Relay&lt;/b&gt;", "127.0.0.1:"+port, "1.5 a second", "in use").hides("hush-hush", "<b>Relay")
		admin.get("/admin/servers/1").status(http.StatusOK).shows("to keep the one that is stored").hides("hush-hush")

		const words = "535 5.7.8 &lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; no"
		for _, path := range []string{"/admin/servers/1/check", "/admin/servers/1/test"} {
			mod.post(path, nil).status(http.StatusForbidden)
			admin.post(path, nil).status(http.StatusOK).
				shows("That did not work", "refused the login", words).hides("<script>alert", "hush-hush")
		}
		admin.post("/admin/servers/9/check", nil).status(http.StatusNotFound)
		admin.get("/admin/audit").shows("Mail server checked", "Test letter sent through a mail server", "127.0.0.1:"+port).hides("hush-hush")
		for range 58 {
			admin.post("/admin/servers/1/check", nil).status(http.StatusOK)
		}
		for _, path := range []string{"/admin/servers/1/check", "/admin/servers/1/test"} {
			admin.post(path, nil).status(http.StatusTooManyRequests).shows("Too many attempts")
		}

		form.Set("host", "localhost")
		form.Set("password", "")
		admin.post("/admin/servers/1", form).status(http.StatusUnprocessableEntity).shows("Enter the password again")
		admin.post("/admin/servers/1/disable", nil).leads("/admin/servers")
		admin.get("/admin/servers").shows("No mail server is enabled")
		admin.post("/admin/servers/1/delete", nil).leads("/admin/servers")
		admin.get("/admin/servers").shows("No mail server yet")
	})
}

// rudeServer refuses every login with words that a page must not believe. It
// answers its port.
func rudeServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			refuse(nc)
		}
	}()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func refuse(nc net.Conn) {
	defer nc.Close()
	heard := bufio.NewReader(nc)
	for _, say := range []string{
		"220 mx.test",
		"250-mx.test\r\n250 AUTH PLAIN",
		"535 5.7.8 <script>alert(1)</script> &amp; no",
	} {
		if _, err := io.WriteString(nc, say+"\r\n"); err != nil {
			return
		}
		if line, err := heard.ReadString('\n'); err != nil || strings.HasPrefix(line, "QUIT") {
			return
		}
	}
}
