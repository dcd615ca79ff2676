//! What of a JPEG file is kept: the picture, and nothing that a camera writes beside it. Where and
//! when it was taken, and with whose phone, is nobody's business.

/// The longest side of a picture, in pixels.
pub(super) const PIXELS_MAX: u16 = 2_000;

/// Why a picture is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It is no JPEG file, or one that breaks off.
    NoPicture,
    /// It has more pixels than are kept.
    TooManyPixels,
}

const START: [u8; 2] = [0xff, 0xd8];
const END: [u8; 2] = [0xff, 0xd9];
const START_OF_SCAN: u8 = 0xda;
/// Segments of applications: EXIF, XMP, thumbnails, maker's notes. Two of them say how to read the
/// picture itself: JFIF (0) and Adobe's colour transform (14).
const APPLICATION: std::ops::RangeInclusive<u8> = 0xe1..=0xef;
const ADOBE: u8 = 0xee;
const COMMENT: u8 = 0xfe;

/// The same picture without anything that was written beside it.
pub(super) fn cleaned(file: &[u8]) -> Result<Vec<u8>, NotTaken> {
    let mut rest = file.strip_prefix(&START).ok_or(NotTaken::NoPicture)?;
    let mut kept = START.to_vec();
    let mut seen_frame = false;
    loop {
        let [0xff, marker, high, low, ..] = *rest else { return Err(NotTaken::NoPicture) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(..2 + length).ok_or(NotTaken::NoPicture)?;
        if length < 2 {
            return Err(NotTaken::NoPicture);
        }
        if is_frame(marker) {
            // After its marker, its length and the precision.
            let [h1, h0, w1, w0] = *segment.get(5..9).ok_or(NotTaken::NoPicture)? else {
                return Err(NotTaken::NoPicture);
            };
            let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
            if height == 0 || width == 0 {
                return Err(NotTaken::NoPicture);
            }
            if height.max(width) > PIXELS_MAX {
                return Err(NotTaken::TooManyPixels);
            }
            seen_frame = true;
        }
        if marker == START_OF_SCAN {
            if !seen_frame {
                return Err(NotTaken::NoPicture);
            }
            // What follows is the picture up to its end; phones write more files after it.
            let end = rest.windows(END.len()).position(|two| two == END);
            let end = end.ok_or(NotTaken::NoPicture)? + END.len();
            kept.extend_from_slice(&rest[..end]);
            return Ok(kept);
        }
        let beside = APPLICATION.contains(&marker) && marker != ADOBE || marker == COMMENT;
        if !beside {
            kept.extend_from_slice(segment);
        }
        rest = rest.get(2 + length..).ok_or(NotTaken::NoPicture)?;
    }
}

/// Whether a segment says how many pixels there are: every "start of frame", which the tables among
/// them are not.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], body].concat()
    }

    fn file(before: &[Vec<u8>], width: u16, height: u16) -> Vec<u8> {
        let [w, h] = [width.to_be_bytes(), height.to_be_bytes()];
        let frame = segment(0xc0, &[8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0]);
        let scan = segment(START_OF_SCAN, &[1, 1, 0, 0, 63, 0]);
        [&START[..], &before.concat(), &frame, &scan, b"picture", &END].concat()
    }

    #[test]
    fn what_a_camera_writes_beside_the_picture_is_left_out() {
        let jfif = segment(0xe0, b"JFIF\0");
        let exif = segment(0xe1, b"Exif\0\0 31.2304 N 121.4737 E, a phone");
        let maker = segment(0xed, b"Photoshop");
        let comment = segment(COMMENT, b"by Li Ming");
        let adobe = segment(ADOBE, b"Adobe");
        let written = [jfif.clone(), exif, maker, comment, adobe.clone()];
        assert_eq!(cleaned(&file(&written, 960, 1280)), Ok(file(&[jfif, adobe], 960, 1280)));
    }

    #[test]
    fn what_follows_the_picture_is_left_out() {
        let whole = file(&[], 960, 1280);
        assert_eq!(cleaned(&[&whole[..], b"another file, with a place"].concat()), Ok(whole));
    }

    #[test]
    fn what_is_no_whole_picture_is_not_taken() {
        let whole = file(&[], 960, 1280);
        for length in 0..whole.len() {
            assert_eq!(cleaned(&whole[..length]), Err(NotTaken::NoPicture), "{length}");
        }
        assert_eq!(cleaned(b"\x89PNG\r\n\x1a\n"), Err(NotTaken::NoPicture));
        assert_eq!(cleaned(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), Err(NotTaken::NoPicture));
        assert_eq!(cleaned(&file(&[], 0, 10)), Err(NotTaken::NoPicture));
        let no_frame = [&START[..], &segment(START_OF_SCAN, &[1]), &END].concat();
        assert_eq!(cleaned(&no_frame), Err(NotTaken::NoPicture));
    }

    #[test]
    fn a_picture_is_no_larger_than_is_kept() {
        assert!(cleaned(&file(&[], PIXELS_MAX, 1)).is_ok());
        assert_eq!(cleaned(&file(&[], 1, PIXELS_MAX + 1)), Err(NotTaken::TooManyPixels));
    }
}
