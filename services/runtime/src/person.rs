//! The name on a label, as far as it can find a household: never stored, only its tokens are.

use std::collections::BTreeSet;

use addressing::layout;
use addressing::resolve::NameTokens;
use domain::household::event::NameToken;
use domain::ids::CommunityId;

use crate::problem::Problem;
use crate::vault::{Vault, VaultError};

/// The longest name that is looked at, in characters.
pub const NAME_CHARS_MAX: usize = 40;

/// How many of a phone's last digits may be told.
pub const PHONE_TAIL_DIGITS: std::ops::RangeInclusive<usize> = 3..=6;

/// What stands behind a name and is no part of it.
const TITLES: [&str; 16] = [
    "女士",
    "先生",
    "小姐",
    "太太",
    "老师",
    "师傅",
    "阿姨",
    "叔叔",
    "大爷",
    "奶奶",
    "爷爷",
    "同学",
    "收件人",
    "本人",
    "收",
    "*",
];

/// Family names of two signs.
const DOUBLE_NAMES: [&str; 16] = [
    "欧阳", "上官", "司马", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "夏侯", "令狐",
    "宇文", "长孙", "端木", "南宫",
];

/// A name's parts.
#[derive(Debug, PartialEq, Eq)]
struct Name {
    /// `None` for `李女士` and `李**`.
    whole: Option<String>,
    family: String,
}

/// Reads a name as labels bear it.
fn read(text: &str) -> Option<Name> {
    let mut name: String = text.split_whitespace().collect();
    while let Some(bare) = TITLES.iter().find_map(|title| name.strip_suffix(title)) {
        name = bare.to_owned();
    }
    let is_masked = name.contains(['*', '某', '＊']);
    let is_latin = name.chars().next()?.is_ascii_alphabetic();
    let signs = if DOUBLE_NAMES.iter().any(|double| name.starts_with(double)) { 2 } else { 1 };
    let family: String = if is_latin {
        text.split_whitespace().next()?.to_lowercase()
    } else {
        name.chars().take(signs).collect()
    };
    let has_given_name = name.chars().count() > family.chars().count() && !is_masked;
    let whole = has_given_name.then(|| name.to_lowercase());
    Some(Name { whole, family })
}

/// Why a name makes no tokens.
#[derive(Debug)]
pub enum NameError {
    /// It is longer than [`NAME_CHARS_MAX`] characters.
    TooLong,
    /// Its tokens cannot be made.
    Vault(VaultError),
}

impl From<VaultError> for NameError {
    fn from(error: VaultError) -> Self {
        Self::Vault(error)
    }
}

/// The tokens under which a household is found by one of its names.
///
/// # Errors
/// [`NameError`].
pub fn tokens(
    vault: &Vault,
    community: &CommunityId,
    name: &str,
) -> Result<BTreeSet<NameToken>, NameError> {
    let Some(Name { whole, family }) = limited(name)? else { return Ok(BTreeSet::new()) };
    let mut tokens = BTreeSet::from([vault.family_name_token(community, &family)?]);
    if let Some(whole) = whole {
        tokens.insert(vault.name_token(community, &whole)?);
    }
    Ok(tokens)
}

/// The tokens of a label's name, to look for.
pub(crate) fn looked_for(
    vault: &Vault,
    community: &CommunityId,
    name: &str,
) -> Result<NameTokens, NameError> {
    let Some(Name { whole, family }) = limited(name)? else { return Ok(NameTokens::default()) };
    let whole = whole.map(|whole| vault.name_token(community, &whole)).transpose()?;
    let family = vault.family_name_token(community, &family)?;
    Ok(NameTokens { whole: whole.map(token_of), family: Some(token_of(family)) })
}

fn limited(name: &str) -> Result<Option<Name>, NameError> {
    if name.chars().count() > NAME_CHARS_MAX { Err(NameError::TooLong) } else { Ok(read(name)) }
}

pub(crate) fn token_of(token: NameToken) -> layout::NameToken {
    layout::NameToken(u64::from_be_bytes(token.to_bytes()))
}

/// Refuses what is no phone tail.
///
/// # Errors
/// An invalid one that says what a phone tail is.
pub fn check_tail(tail: &str) -> Result<(), Problem> {
    let digits = tail.bytes().all(|byte| byte.is_ascii_digit());
    if digits && PHONE_TAIL_DIGITS.contains(&tail.len()) {
        return Ok(());
    }
    Err(Problem::invalid(
        "phone-tail-shape",
        "a phone tail has 3 to 6 digits: leave the rest of the number out",
        "手机尾号为 3 到 6 位数字：请勿填写完整号码",
    ))
}

/// The problem of a name that is none.
pub fn name_too_long() -> Problem {
    Problem::invalid(
        "name-too-long",
        format!("a name has at most {NAME_CHARS_MAX} characters: leave the rest out"),
        format!("姓名至多 {NAME_CHARS_MAX} 个字：请只填姓名"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_labels_bear_them() {
        let parts = |text: &str| {
            let name = read(text).unwrap();
            (name.whole.unwrap_or_default(), name.family)
        };
        let of = |whole: &str, family: &str| (whole.to_owned(), family.to_owned());
        assert_eq!(parts("李建国"), of("李建国", "李"));
        assert_eq!(parts(" 李 建国 收"), of("李建国", "李"));
        assert_eq!(parts("李建国先生"), of("李建国", "李"));
        assert_eq!(parts("李女士"), of("", "李"));
        assert_eq!(parts("李**"), of("", "李"));
        assert_eq!(parts("李*国"), of("", "李"));
        assert_eq!(parts("欧阳娜"), of("欧阳娜", "欧阳"));
        assert_eq!(parts("Anna Schmidt"), of("annaschmidt", "anna"));
        assert_eq!(read("  "), None);
        assert_eq!(read("先生"), None);
    }

    #[test]
    fn a_family_name_is_never_taken_for_a_whole_one() {
        let vault = Vault::in_memory().unwrap();
        let community: CommunityId = "fumin".parse().unwrap();
        let registered = tokens(&vault, &community, "李建国").unwrap();
        assert_eq!(registered.len(), 2);
        let label = looked_for(&vault, &community, "李建国先生").unwrap();
        let known: BTreeSet<_> = registered.into_iter().map(token_of).collect();
        assert!(known.contains(&label.whole.unwrap()) && known.contains(&label.family.unwrap()));
        assert_ne!(label.whole, label.family);
        let other = looked_for(&vault, &"donghu".parse().unwrap(), "李建国").unwrap();
        assert!(!known.contains(&other.whole.unwrap()), "tokens are of their community");
        assert!(matches!(tokens(&vault, &community, &"李".repeat(41)), Err(NameError::TooLong)));
    }
}
