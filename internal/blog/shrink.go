package blog

import (
	"image"
	"image/color"
	"image/draw"
)

// shrunk is the picture on white, at most so many pixels wide and high: each of
// its pixels is the mean of the area that it stands for. It goes by rows, so
// that it needs no second copy of a large picture.
func shrunk(src image.Image, side int) *image.RGBA {
	in := src.Bounds()
	w, h := within(in.Dx(), in.Dy(), side)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	row := image.NewRGBA(image.Rect(0, 0, in.Dx(), 1))
	squeezed := make([]float32, 3*w)
	sum := make([]float32, 3*w)
	step := float32(in.Dy()) / float32(h) // rows of src for one of out
	left := step                          // of them, for the row that is being summed
	for y, filled := 0, 0; y < in.Dy(); y++ {
		draw.Draw(row, row.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		draw.Draw(row, row.Rect, src, image.Pt(in.Min.X, in.Min.Y+y), draw.Over)
		squeeze(squeezed, row.Pix, in.Dx(), w)
		weight := min(1, left)
		add(sum, squeezed, weight)
		left -= weight
		if (left > 0.0001 && y < in.Dy()-1) || filled == h {
			continue
		}
		put(out, filled, sum, step)
		filled++
		clear(sum)
		add(sum, squeezed, 1-weight)
		left = step - (1 - weight)
	}
	return out
}

// within is the size of a picture that is no larger than side.
func within(w, h, side int) (width, height int) {
	longest := max(w, h)
	if longest <= side {
		return w, h
	}
	return max(1, w*side/longest), max(1, h*side/longest)
}

// squeeze makes w pixels of three colours of a row of n pixels of four bytes.
func squeeze(to []float32, row []byte, n, w int) {
	clear(to)
	step := float32(n) / float32(w)
	x, left := 0, step
	for i := range n {
		pixel := row[4*i : 4*i+3]
		weight := min(1, left)
		for c, v := range pixel {
			to[3*x+c] += float32(v) * weight
		}
		if left -= weight; left > 0.0001 || x == w-1 {
			continue
		}
		x++
		for c, v := range pixel {
			to[3*x+c] += float32(v) * (1 - weight)
		}
		left = step - (1 - weight)
	}
	for i := range to {
		to[i] /= step
	}
}

func add(sum, row []float32, weight float32) {
	for i, v := range row {
		sum[i] += v * weight
	}
}

// put writes a row that is the sum of so many.
func put(out *image.RGBA, y int, sum []float32, rows float32) {
	pix := out.Pix[y*out.Stride:]
	for x := range len(sum) / 3 {
		for c := range 3 {
			pix[4*x+c] = uint8(min(255, sum[3*x+c]/rows+0.5))
		}
		pix[4*x+3] = 255
	}
}

// turned is the picture as its camera was held: orientation is that of EXIF,
// from 1, upright, to 8.
func turned(src *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			at := [...]image.Point{
				2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {h - 1 - y, x}, 7: {h - 1 - y, w - 1 - x}, 8: {y, w - 1 - x},
			}[orientation]
			out.SetRGBA(at.X, at.Y, src.RGBAAt(x, y))
		}
	}
	return out
}
