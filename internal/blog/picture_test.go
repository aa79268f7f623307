package blog

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/db/dbtest"
	"gonets/internal/fault"
)

// halves is red on the left and blue on the right.
func halves(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 255, A: 255}
			if x >= w/2 {
				c = color.RGBA{B: 255, A: 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webpFile is a lossless picture of one pixel.
const webpFile = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"

// bomb is a small PNG file whose head claims to be of that size.
func bomb(t testing.TB, w, h uint32) []byte {
	t.Helper()
	file := pngOf(t, halves(2, 2))
	binary.BigEndian.PutUint32(file[16:], w)
	binary.BigEndian.PutUint32(file[20:], h)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestPictures(t *testing.T) {
	webp, err := base64.StdEncoding.DecodeString(webpFile)
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		articles := New(d)
		for _, tt := range []struct {
			name  string
			file  []byte
			width int // of the large one
		}{
			{"png", pngOf(t, halves(2000, 1000)), 1600},
			{"jpeg", jpegOf(t, halves(300, 200)), 300},
			{"webp", webp, 1},
		} {
			cover, err := articles.AddPicture(t.Context(), account.CommandLine(), bytes.NewReader(tt.file))
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			data, err := articles.Picture(t.Context(), cover.Name, Large)
			if err != nil {
				t.Fatal(err)
			}
			got, err := jpeg.Decode(bytes.NewReader(data))
			if err != nil || got.Bounds().Dx() != tt.width || cover.Width != tt.width {
				t.Errorf("%s: got %v (%v) and width %d, want %d", tt.name, got, err, cover.Width, tt.width)
			}
		}
		if _, err := articles.Picture(t.Context(), "none", Large); !fault.Is(err, fault.NotFound) {
			t.Errorf("no picture: got %v", err)
		}
	})
}

func TestRefusedPictures(t *testing.T) {
	articles := New(dbtest.SQLite(t))
	whole := jpegOf(t, halves(100, 100))
	for name, tt := range map[string]struct {
		file io.Reader
		want string
	}{
		"empty":     {strings.NewReader(""), "blog.cover_kind"},
		"HTML":      {strings.NewReader("<html><script>alert(1)</script>"), "blog.cover_kind"},
		"SVG":       {strings.NewReader(`<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>`), "blog.cover_kind"},
		"GIF":       {strings.NewReader("GIF89a............"), "blog.cover_kind"},
		"cut":       {bytes.NewReader(whole[:len(whole)/3]), "blog.cover_broken"},
		"head only": {bytes.NewReader(whole[:4]), "blog.cover_broken"},
		"a bomb":    {bytes.NewReader(bomb(t, 50_000, 50_000)), "blog.cover_pixels"},
		"too wide":  {bytes.NewReader(bomb(t, 1<<30, 1<<30)), "blog.cover_broken"},
		"too many":  {bytes.NewReader(make([]byte, MaxPictureBytes+1)), "blog.cover_bytes"},
	} {
		_, err := articles.AddPicture(t.Context(), account.CommandLine(), tt.file)
		var got []string
		if f, ok := err.(*fault.Error); ok { //nolint:errorlint // as it is answered
			for _, field := range f.Fields {
				got = append(got, field.Name+" "+field.Key)
			}
		}
		if want := []string{"cover " + tt.want}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, want)
		}
	}
}

func TestUnusedPicturesGo(t *testing.T) {
	d := dbtest.SQLite(t)
	articles, ctx := New(d), t.Context()
	add := func(w int) Cover {
		t.Helper()
		c, err := articles.AddPicture(ctx, account.CommandLine(), bytes.NewReader(pngOf(t, halves(w, 10))))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	used, unused := add(10), add(20)
	_, err := articles.Create(ctx, account.CommandLine(), Draft{Title: "a", Locale: "en", Body: "b", CoverName: used.Name})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Tx(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE article_pictures SET created_at = 1`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	add(30)
	if _, err := articles.Picture(ctx, used.Name, Small); err != nil {
		t.Errorf("a cover is gone: %v", err)
	}
	if _, err := articles.Picture(ctx, unused.Name, Small); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v, want the unused picture gone", err)
	}
}

func TestShrunk(t *testing.T) {
	for _, tt := range []struct{ w, h, side, wantW, wantH int }{
		{100, 50, 200, 100, 50},
		{100, 50, 10, 10, 5},
		{333, 1000, 100, 33, 100},
		{1000, 1, 10, 10, 1},
	} {
		got := shrunk(halves(tt.w, tt.h), tt.side)
		w, h := got.Rect.Dx(), got.Rect.Dy()
		if w != tt.wantW || h != tt.wantH {
			t.Errorf("%v: got %d×%d", tt, w, h)
		}
		for y := range h {
			left, right := got.RGBAAt(0, y), got.RGBAAt(w-1, y)
			if left != (color.RGBA{R: 255, A: 255}) || right != (color.RGBA{B: 255, A: 255}) {
				t.Fatalf("%v: got %v and %v in row %d", tt, left, right, y)
			}
		}
	}
	if got := shrunk(image.NewRGBA(image.Rect(5, 5, 9, 9)), 2).RGBAAt(0, 0); got != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("what is transparent became %v, want white", got)
	}
}

// withOrientation puts EXIF into a JPEG file.
func withOrientation(file []byte, order binary.AppendByteOrder, mark string, o uint16) []byte {
	tiff := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3)
	tiff = order.AppendUint16(order.AppendUint16(order.AppendUint32(tiff, 1), o), 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(segment)+2))
	return slices.Concat(head, segment, file[2:])
}

func TestOrientation(t *testing.T) {
	file := jpegOf(t, halves(64, 32))
	red := func(m *image.RGBA, x, y int) bool { return m.RGBAAt(x, y).R > 200 }
	for o, redAt := range map[uint16]image.Point{1: {2, 2}, 2: {60, 2}, 3: {60, 2}, 4: {2, 2}, 5: {2, 2}, 6: {2, 2}, 7: {2, 60}, 8: {2, 60}} {
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			held := withOrientation(file, order, mark, o)
			if got := orientation(held); got != int(o) {
				t.Errorf("%s: got orientation %d, want %d", mark, got, o)
			}
			picture, err := decode(held)
			if err != nil {
				t.Fatal(err)
			}
			if m := turned(shrunk(picture, largeSide), int(o)); !red(m, redAt.X, redAt.Y) {
				t.Errorf("%d: not red at %v of %v", o, redAt, m.Rect)
			}
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(withOrientation([]byte("\xff\xd8\xff\xd9"), binary.LittleEndian, "II", 6))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		if o := orientation(file); o < 1 || o > 8 {
			t.Errorf("got %d", o)
		}
	})
}
