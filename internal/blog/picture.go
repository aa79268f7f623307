package blog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"golang.org/x/image/webp"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Limits of a picture that is uploaded.
const (
	MaxPictureBytes  = 10 << 20
	MaxPicturePixels = 32_000_000 // decoding takes about four bytes for each
)

// Size is a size in which a picture is kept.
type Size string

// The sizes, by the most pixels of a side.
const (
	Large Size = "large" // 1600, above an article
	Small Size = "small" // 720, in lists
)

const (
	largeSide = 1600
	smallSide = 720
	quality   = 82
)

// Cover is the picture above an article.
type Cover struct {
	Name          string // empty: there is none
	Width, Height int    // of the large one, in pixels
}

// URL is where the picture is served.
func (c Cover) URL(size Size) string { return "/blog/pictures/" + c.Name + "/" + string(size) + ".jpg" }

// Picture is the bytes of a JPEG file in one size.
func (a *Articles) Picture(ctx context.Context, name string, size Size) (data []byte, err error) {
	err = a.db.Read().QueryRow(ctx, `SELECT data FROM article_pictures WHERE name = $1 AND size = $2`, name, string(size)).Scan(&data)
	if errors.Is(err, db.ErrNoRows) {
		return nil, fault.Missing()
	}
	if err != nil {
		return nil, fmt.Errorf("get picture: %w", err)
	}
	return data, nil
}

// AddPicture takes a JPEG, PNG or WebP file, told by its content, and keeps it
// as JPEG in every size. What no article has a day later is dropped. Errors are
// Invalid at the field "cover".
func (a *Articles) AddPicture(ctx context.Context, actor account.Actor, file io.Reader) (Cover, error) {
	if err := mayWrite(actor); err != nil {
		return Cover{}, err
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxPictureBytes+1))
	if err != nil {
		return Cover{}, fmt.Errorf("read picture: %w", err)
	}
	if len(data) > MaxPictureBytes {
		return Cover{}, badPicture(nil, "blog.cover_bytes", fault.Args{"Max": MaxPictureBytes >> 20})
	}
	large, err := a.develop(ctx, data)
	if err != nil {
		return Cover{}, err
	}
	return a.keepPicture(ctx, large)
}

// develop decodes a picture, one at a time, and answers it as it is kept.
func (a *Articles) develop(ctx context.Context, data []byte) (*image.RGBA, error) {
	select {
	case a.studio <- struct{}{}:
		defer func() { <-a.studio }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	picture, err := decode(data)
	if err != nil {
		return nil, err
	}
	return turned(shrunk(picture, largeSide), orientation(data)), nil
}

// keepPicture stores a picture in its sizes, and drops those that nobody uses.
func (a *Articles) keepPicture(ctx context.Context, large *image.RGBA) (Cover, error) {
	small := shrunk(large, smallSide)
	var files [2]bytes.Buffer
	for i, p := range []*image.RGBA{large, small} {
		if err := jpeg.Encode(&files[i], p, &jpeg.Options{Quality: quality}); err != nil {
			return Cover{}, fmt.Errorf("encode picture: %w", err)
		}
	}
	sum := sha256.Sum256(files[0].Bytes())
	cover := Cover{Name: hex.EncodeToString(sum[:16]), Width: large.Rect.Dx(), Height: large.Rect.Dy()}
	err := a.db.Tx(ctx, func(tx db.Tx) error {
		for i, p := range []*image.RGBA{large, small} {
			_, err := tx.Exec(ctx, `
				INSERT INTO article_pictures (name, size, width, height, data, created_at)
				VALUES ($1, $2, $3, $4, $5, $6)
				    ON CONFLICT (name, size) DO UPDATE SET created_at = excluded.created_at`,
				cover.Name, string([]Size{Large, Small}[i]), p.Rect.Dx(), p.Rect.Dy(), files[i].Bytes(), db.At(tx.Now()))
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `DELETE FROM article_pictures WHERE created_at < $1
			AND NOT EXISTS (SELECT 1 FROM articles a WHERE a.cover > '' AND a.cover = article_pictures.name)`,
			db.At(tx.Now().Add(-24*time.Hour)))
		return err
	})
	if err != nil {
		return Cover{}, fmt.Errorf("keep picture: %w", err)
	}
	return cover, nil
}

// coverTx checks that a picture is still there, and keeps it from being
// dropped while the transaction gives it to an article.
func coverTx(ctx context.Context, tx db.Tx, name string) error {
	if name == "" {
		return nil
	}
	n, err := tx.Exec(ctx, `UPDATE article_pictures SET created_at = $2 WHERE name = $1`, name, db.At(tx.Now()))
	if err != nil {
		return err
	}
	if n == 0 {
		return badPicture(nil, "blog.cover_gone", nil)
	}
	return nil
}

func badPicture(cause error, key string, args fault.Args) error {
	err := fault.Because(cause, fault.Invalid, "error.invalid", nil)
	err.Fields = fault.Fields{{Name: "cover", Key: key, Args: args}}
	return err
}

// format is a way to write pictures.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// formatOf tells a file by its first bytes; its name says nothing.
func formatOf(data []byte) (format, bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return format{jpeg.DecodeConfig, jpeg.Decode}, true
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return format{png.DecodeConfig, png.Decode}, true
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return format{webp.DecodeConfig, webp.Decode}, true
	default:
		return format{}, false
	}
}

// decode reads a picture whose head says that it fits.
func decode(data []byte) (image.Image, error) {
	f, known := formatOf(data)
	if !known {
		return nil, badPicture(nil, "blog.cover_kind", nil)
	}
	head, err := f.config(bytes.NewReader(data))
	if err != nil {
		return nil, badPicture(err, "blog.cover_broken", nil)
	}
	if !fits(head) {
		return nil, badPicture(nil, "blog.cover_pixels", fault.Args{
			"Width": head.Width, "Height": head.Height, "Max": MaxPicturePixels / 1_000_000,
		})
	}
	picture, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return nil, badPicture(err, "blog.cover_broken", nil)
	}
	return picture, nil
}

// fits says whether a picture may be decoded. Sixteen bits a colour take twice
// the memory.
func fits(head image.Config) bool {
	pixels := int64(head.Width) * int64(head.Height)
	switch head.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model:
		pixels *= 2
	}
	return head.Width > 0 && head.Height > 0 && pixels <= MaxPicturePixels
}
