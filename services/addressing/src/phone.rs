//! The end of the phone number that people write behind an address.

use crate::text::{TEXT_CHARS_MAX, normalise};

/// Digits of a mobile phone's number in China.
const MOBILE_DIGITS: usize = 11;
/// How many of its digits a label shows.
const TAIL_DIGITS: usize = 4;

/// The last four digits of the one phone number in a text: a whole mobile number, a masked one
/// (`138****5678`), or digits behind `尾号`. `None` when there is none, or more than one.
pub fn phone_tail(text: &str) -> Option<String> {
    let chars = normalise(text).filter(|chars| chars.len() <= TEXT_CHARS_MAX)?;
    let mut found: Option<String> = None;
    let mut at = 0;
    while at < chars.len() {
        let is_sign = |c: &&char| c.is_ascii_digit() || **c == '*';
        let length = chars[at..].iter().take_while(is_sign).count();
        let run = &chars[at..at + length];
        if is_number(run) || length == TAIL_DIGITS && is_announced(&chars[..at]) {
            let tail: String = run[length - TAIL_DIGITS..].iter().collect();
            if found.as_ref().is_some_and(|known| *known != tail) {
                return None;
            }
            found = Some(tail);
        }
        at += length.max(1);
    }
    found.filter(|tail| tail.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `13812345678`, `138****5678`, `138*5678`.
fn is_number(run: &[char]) -> bool {
    let is_masked = run.len() <= MOBILE_DIGITS
        && run.len() > TAIL_DIGITS
        && run[..run.len() - TAIL_DIGITS].contains(&'*')
        && run[0] == '1';
    run.len() == MOBILE_DIGITS && run[0] == '1' || is_masked
}

/// `尾号`, `手机尾号:`, `尾数是`.
fn is_announced(so_far: &[char]) -> bool {
    let end = so_far.iter().rposition(|c| !matches!(c, ':' | ' ' | '是' | '为'));
    let end = end.map_or(0, |last| last + 1);
    matches!(&so_far[..end], [.., '尾', '号' | '数'])
}

#[cfg(test)]
mod tests {
    use super::phone_tail;

    #[test]
    fn the_one_number_of_a_text_is_found() {
        let tail = |text: &str| phone_tail(text).unwrap_or_default();
        assert_eq!(tail("10栋2单元301 李女士 13812345678"), "5678");
        assert_eq!(tail("10栋2单元301 １３８１２３４５６７８"), "5678");
        assert_eq!(tail("10栋2单元301，138****5678"), "5678");
        assert_eq!(tail("10栋2单元301 手机尾号：4567 3件"), "4567");
        assert_eq!(tail("尾号4567，手机13800004567"), "4567");
        for none in [
            "10栋2单元301",
            "10-2-1301",
            "订单 13812345678901",
            "13812345678 或 13812345679",
            "138********",
            "尾号12345",
            "",
        ] {
            assert_eq!(tail(none), "", "{none}");
        }
    }
}
