package cli

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path"
	"strings"
	"time"

	"gonets/internal/account"
	"gonets/internal/blog"
)

// The articles of the example: a folder for each language, and in it files
// that begin with their title.
//
//go:embed example/articles
var exampleArticles embed.FS

// exampleBlog publishes the articles of a language, the first of them last, so
// that it stands on top.
func (s *session) exampleBlog(ctx context.Context, a *app, editor account.Actor) error {
	folder := path.Join("example/articles", s.say.Lang())
	files, err := exampleArticles.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("read the example's articles: %w", err)
	}
	for n, file := range files {
		source, err := exampleArticles.ReadFile(path.Join(folder, file.Name()))
		if err != nil {
			return fmt.Errorf("read the example's articles: %w", err)
		}
		title, body, _ := strings.Cut(strings.TrimPrefix(string(source), "# "), "\n")
		picture, err := exampleCover(n)
		if err != nil {
			return err
		}
		cover, err := a.articles.AddPicture(ctx, editor, picture)
		if err != nil {
			return err
		}
		_, err = a.articles.Create(ctx, editor, blog.Draft{
			Title: title, Locale: s.say.Lang(), Body: strings.TrimSpace(body), CoverName: cover.Name,
			PublishedAt: s.clock.Now().Add(-time.Duration(5*n)*24*time.Hour - time.Hour),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shades are the sky and the hills of the covers, from far to near.
var shades = [][4]color.RGBA{
	{{0xfd, 0xe6, 0xc8, 255}, {0xf2, 0xa6, 0x7c, 255}, {0xc9, 0x5f, 0x66, 255}, {0x6d, 0x3b, 0x62, 255}},
	{{0xd8, 0xee, 0xf8, 255}, {0x8c, 0xc4, 0xde, 255}, {0x3f, 0x86, 0xb5, 255}, {0x1d, 0x4a, 0x78, 255}},
	{{0xf6, 0xef, 0xc9, 255}, {0xa9, 0xcf, 0x8f, 255}, {0x55, 0x9a, 0x78, 255}, {0x24, 0x5b, 0x5a, 255}},
	{{0xe9, 0xdd, 0xf5, 255}, {0xb6, 0x9a, 0xdc, 255}, {0x7a, 0x62, 0xb3, 255}, {0x3b, 0x34, 0x72, 255}},
}

// exampleCover draws hills below a sun: a picture that nobody else has rights
// to, and that takes no room in the program.
func exampleCover(n int) (*bytes.Buffer, error) {
	const w, h = 1280, 640
	shade := shades[n%len(shades)]
	canvas := image.NewRGBA(image.Rect(0, 0, w, h))
	sunX, sunY := 320+n*197%640, 190
	for x := range w {
		for y := range h {
			c := shade[0]
			if dx, dy := x-sunX, y-sunY; dx*dx+dy*dy < 80*80 {
				c = color.RGBA{255, 250, 235, 255}
			}
			for layer := 1; layer < len(shade); layer++ {
				if y > hill(x+n*331, layer) {
					c = shade[layer]
				}
			}
			canvas.SetRGBA(x, y, c)
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, canvas); err != nil {
		return nil, fmt.Errorf("draw a cover: %w", err)
	}
	return &file, nil
}

// hill is how far below the top the ridge of a layer is at x: parabolas that
// swing up and down, wider ones far away.
func hill(x, layer int) int {
	width := 760 - 170*layer
	phase := (x + 257*layer) % (2 * width)
	t := float64(phase%width)/float64(width)*2 - 1
	swing := (1 - t*t) * float64(95-15*layer)
	if phase >= width {
		swing = -swing
	}
	return 210 + 110*layer - int(swing)
}
