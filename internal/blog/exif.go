package blog

import (
	"bytes"
	"encoding/binary"
)

// orientation is how the camera was held, as a JPEG file says in its EXIF
// (tag 274): 1 to 8, and 1 where it says nothing. Encoding anew drops the rest
// of EXIF, where the picture was taken among it.
func orientation(file []byte) int {
	const upright, tagOrientation = 1, 0x0112
	tiff := exif(file)
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	directory := int64(order.Uint32(tiff[4:]))
	if directory+2 > int64(len(tiff)) {
		return upright
	}
	entries := tiff[directory+2:]
	for range order.Uint16(tiff[directory:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == tagOrientation {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			break
		}
		entries = entries[12:]
	}
	return upright
}

// exif is the TIFF structure within a JPEG file's first APP1 segment of that
// kind; nil where there is none.
func exif(file []byte) []byte {
	const app1, scan = 0xe1, 0xda
	for rest := file[min(2, len(file)):]; len(rest) >= 4 && rest[0] == 0xff && rest[1] != scan; {
		length := int(binary.BigEndian.Uint16(rest[2:])) + 2
		if length < 4 || length > len(rest) {
			return nil
		}
		if tiff, ok := bytes.CutPrefix(rest[4:length], []byte("Exif\x00\x00")); ok && rest[1] == app1 {
			return tiff
		}
		rest = rest[length:]
	}
	return nil
}
