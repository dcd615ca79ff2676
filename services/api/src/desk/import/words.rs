//! How people write yes, a language, a state, a category and a number into a cell.

use domain::community::event::Language;
use domain::household::event::HouseholdStatus;
use domain::order::event::Channel;
use domain::supply::Category;
use runtime::Problem;

/// What a cell means, by the words that people use for it.
type Words<T> = &'static [(&'static [&'static str], T)];

const YES_OR_NO: Words<bool> = &[
    (&["是", "有", "对", "√", "✓", "y", "yes", "true", "1"], true),
    (&["否", "无", "不是", "×", "n", "no", "false", "0"], false),
];

const URGENCIES: Words<bool> = &[
    (&["急", "急件", "加急", "紧急", "urgent", "是", "√", "✓", "y", "yes", "true", "1"], true),
    (&["不急", "普通", "一般", "否", "normal", "×", "n", "no", "false", "0"], false),
];

const LANGUAGES: Words<Language> = &[
    (&["中文", "汉语", "普通话", "zh", "zh-cn", "chinese"], Language::Chinese),
    (&["英文", "英语", "en", "english"], Language::English),
];

const STATUSES: Words<HouseholdStatus> = &[
    (&["在住", "常住", "居住", "已返回", "living"], HouseholdStatus::Living),
    (&["空置", "无人", "空房", "vacant"], HouseholdStatus::Vacant),
    (&["隔离", "居家隔离", "isolated"], HouseholdStatus::Isolated),
    (&["外出", "不在", "暂离", "away"], HouseholdStatus::Away),
];

const CATEGORIES: Words<Category> = &[
    (&["餐食", "餐", "盒饭", "meal"], Category::Meal),
    (&["生鲜", "蔬菜", "菜", "肉", "produce"], Category::Produce),
    (&["包裹", "快递", "日用", "parcel_goods", "parcel"], Category::ParcelGoods),
    (&["药品", "药", "medicine"], Category::Medicine),
    (&["配给", "配给物资", "救济", "ration"], Category::Ration),
];

const CHANNELS: Words<Channel> = &[
    (&["网购", "线上", "online"], Channel::Online),
    (&["团购", "group_buy", "group buy"], Channel::GroupBuy),
    (&["代购", "proxy"], Channel::Proxy),
    (&["救济", "配给", "relief"], Channel::Relief),
    (&["电话", "phone"], Channel::Phone),
];

/// Yes or no.
pub(super) fn yes_or_no(text: &str) -> Result<bool, Problem> {
    find(YES_OR_NO, text, "是 / 否", "yes / no")
}

/// Whether an order is needed at once.
pub(super) fn urgent(text: &str) -> Result<bool, Problem> {
    find(URGENCIES, text, "急 / 不急", "urgent / normal")
}

/// A language.
pub(super) fn language(text: &str) -> Result<Language, Problem> {
    find(LANGUAGES, text, "中文 / 英文", "zh / en")
}

/// How a household lives.
pub(super) fn status(text: &str) -> Result<HouseholdStatus, Problem> {
    find(STATUSES, text, "在住 / 空置 / 隔离 / 外出", "living / vacant / isolated / away")
}

/// A category.
pub(super) fn category(text: &str) -> Result<Category, Problem> {
    let english = "meal / produce / parcel / medicine / ration";
    find(CATEGORIES, text, "餐食 / 生鲜 / 包裹 / 药品 / 配给", english)
}

/// The way on which an order came.
pub(super) fn channel(text: &str) -> Result<Channel, Problem> {
    let english = "online / group buy / proxy / relief / phone";
    find(CHANNELS, text, "网购 / 团购 / 代购 / 救济 / 电话", english)
}

/// A number, with or without its unit: `3`, `3人`, `2 份`.
pub(super) fn number(text: &str) -> Result<u32, Problem> {
    let narrow: String = text.chars().map(narrow).collect();
    let digits: String = narrow.trim().chars().take_while(char::is_ascii_digit).collect();
    let unit = narrow.trim().chars().skip(digits.len());
    // `3.5` and `3-4` are no whole numbers; `3人` is one.
    let is_whole = unit.clone().count() <= 2 && !unit.clone().any(|c| c.is_ascii_punctuation());
    let number = digits.parse().ok().filter(|_| is_whole);
    number.ok_or_else(|| {
        Problem::invalid(
            "import-number",
            "this is no whole number: write digits only",
            "不是整数：请只填数字",
        )
    })
}

/// The digits of a phone number, and its end; a masked number has an end only.
pub(super) fn phone(text: &str) -> Result<(Option<String>, String), Problem> {
    const TAIL_DIGITS: usize = 4;
    const WHOLE_DIGITS_MIN: usize = 7;
    let narrow: String = text.chars().map(narrow).collect();
    let signs: String = narrow.chars().filter(|c| c.is_ascii_digit() || *c == '*').collect();
    let tail: String = signs.chars().rev().take_while(char::is_ascii_digit).collect();
    let tail: String = tail.chars().rev().collect();
    let shape = || {
        Problem::invalid(
            "import-phone",
            "this is no phone number: write its digits, or the last 3 to 6 of them",
            "不是电话号码：请填写号码，或其最后 3 到 6 位",
        )
    };
    let foreign = narrow.chars().any(|c| !c.is_ascii_digit() && !"*+-() ".contains(c));
    if foreign || tail.len() < 3 {
        return Err(shape());
    }
    let end = |count: usize| tail[tail.len() - count.min(tail.len())..].to_owned();
    if signs.len() >= WHOLE_DIGITS_MIN && !signs.contains('*') {
        return Ok((Some(signs), end(TAIL_DIGITS)));
    }
    if signs.contains('*') { Ok((None, end(TAIL_DIGITS))) } else { Ok((None, end(tail.len()))) }
}

fn find<T: Copy>(words: Words<T>, text: &str, chinese: &str, english: &str) -> Result<T, Problem> {
    let text = text.trim().to_lowercase();
    let found = words.iter().find(|(words, _)| words.contains(&text.as_str()));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        Problem::invalid(
            "import-word",
            format!("this word is not known here: write one of {english}"),
            format!("此处无法识别：请填写 {chinese} 之一"),
        )
    })
}

/// Full-width digits and signs as plain ones.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_people_write_them() {
        assert_eq!(number("３人").unwrap(), 3);
        assert_eq!(number(" 2 份").unwrap(), 2);
        for none in ["", "三", "3.5", "3-4", "99999999999"] {
            assert_eq!(number(none).unwrap_err().code, "import-number", "{none}");
        }
        assert!(yes_or_no("是").unwrap() && yes_or_no("Yes").unwrap() && !yes_or_no("否").unwrap());
        assert_eq!(status("隔离").unwrap(), HouseholdStatus::Isolated);
        assert_eq!(status("在家").unwrap_err().code, "import-word");
        assert_eq!(category("药").unwrap(), Category::Medicine);
        assert_eq!(channel("团购").unwrap(), Channel::GroupBuy);
        assert_eq!(language("EN").unwrap(), Language::English);
    }

    #[test]
    fn a_phone_is_whole_masked_or_its_end() {
        let of = |text: &str| phone(text).unwrap();
        assert_eq!(of("138 1234 5678"), (Some("13812345678".into()), "5678".into()));
        assert_eq!(of("023-58123456"), (Some("02358123456".into()), "3456".into()));
        assert_eq!(of("138****5678"), (None, "5678".into()));
        assert_eq!(of("５６７８"), (None, "5678".into()));
        assert_eq!(of("567"), (None, "567".into()));
        for none in ["", "12", "138****", "call me", "5678 李"] {
            assert_eq!(phone(none).unwrap_err().code, "import-phone", "{none}");
        }
    }
}
