//! Answers in sentences, for the person at the gate.

use domain::ids::{RoomId, UnitId};

use crate::lex::Doubt;
use crate::resolve::{Candidate, Obstacle, Reason, Resolution, Verdict};

/// The language of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// 中文.
    Chinese,
    /// English.
    English,
}

impl Language {
    fn pick(self, chinese: &'static str, english: &'static str) -> &'static str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }
}

impl Resolution {
    /// The answer as one sentence: what to do, and what stands in the way.
    pub fn sentence(&self, language: Language) -> String {
        let head = match self.verdict {
            Verdict::Certain => language.pick("确定", "Certain"),
            Verdict::Choose => language.pick("请选择", "Please choose"),
            Verdict::Unknown => {
                language.pick("无法识别，放待认领货架", "Unknown: to the held shelf")
            }
        };
        let because: Vec<String> = match self.candidates.first() {
            Some(best) if self.verdict == Verdict::Certain => vec![best.sentence(language)],
            _ => self.obstacles.iter().map(|obstacle| obstacle.sentence(language)).collect(),
        };
        compose(head, &because, language)
    }
}

impl Candidate {
    /// The candidate as one sentence: the place, and why it is here.
    pub fn sentence(&self, language: Language) -> String {
        let mut place = self.building.to_string();
        for part in [self.unit.as_ref().map(UnitId::as_str), self.room.as_ref().map(RoomId::as_str)]
            .into_iter()
            .flatten()
        {
            place.push('-');
            place.push_str(part);
        }
        let reasons: Vec<String> =
            self.reasons.iter().map(|reason| reason.sentence(language)).collect();
        compose(&place, &reasons, language)
    }
}

/// `head：a，b。` or `head: a, b.`
fn compose(head: &str, rest: &[String], language: Language) -> String {
    let (colon, comma, stop) = match language {
        Language::Chinese => ("：", "，", "。"),
        Language::English => (": ", ", ", "."),
    };
    if rest.is_empty() {
        return format!("{head}{stop}");
    }
    let rest = rest.join(comma);
    format!("{head}{colon}{}{stop}", rest.trim_end_matches(stop))
}

impl Reason {
    /// The reason in words.
    pub fn sentence(self, language: Language) -> String {
        let (chinese, english) = match self {
            Self::BuildingFits => ("有这栋楼", "the building exists"),
            Self::AliasFits => ("是本小区的叫法", "the name is known here"),
            Self::BuildingMissing => ("没写楼栋", "no building is written"),
            Self::UnitFits => ("有这个单元", "the unit exists"),
            Self::UnitMissing => ("没写单元", "no unit is written"),
            Self::RoomFits => ("有这个房号", "the room exists"),
            Self::RoomMissing => ("房号缺失或不存在", "the room is missing or does not exist"),
            Self::SplitNumber => ("数字按单元加房号拆开", "the number was read as unit and room"),
            Self::RareReading => ("不是最常见的读法", "it is not the plainest reading"),
            Self::ZerosDropped => ("去掉了前面的零", "zeros in front were taken off"),
            Self::AnnexUnknown => ("还有认不出的部分", "a part of it is not known here"),
            Self::OneHousehold => ("只有一户", "one household lives there"),
            Self::SeveralHouseholds(count) => {
                return match language {
                    Language::Chinese => format!("门内有{count}户"),
                    Language::English => format!("{count} households live there"),
                };
            }
            Self::NobodyRegistered => ("没有登记住户", "nobody is registered there"),
            Self::Away => ("住户暂时不在", "the household is away"),
            Self::MovedOut => ("住户已搬走", "the household moved out"),
            Self::TailFits => ("手机尾号相符", "the phone tail fits"),
            Self::TailDiffers => ("手机尾号不符", "the phone tail differs"),
            Self::TailOnly => ("只有手机尾号相符", "only the phone tail fits"),
            Self::NameFits => ("姓名相符", "the name fits"),
            Self::FamilyNameFits => ("姓氏相符", "the family name fits"),
            Self::NameOnly => ("只有姓名相符", "only the name fits"),
        };
        language.pick(chinese, english).to_owned()
    }
}

impl Obstacle {
    /// The obstacle in words.
    pub fn sentence(self, language: Language) -> String {
        let (chinese, english) = match self {
            Self::Text(doubt) => return doubt.sentence(language).to_owned(),
            Self::NothingRead => ("没有读出门牌", "it holds no part of an address"),
            Self::BuildingUnknown(building) => {
                return named(language, "没有", "栋", "there is no building", building.as_str());
            }
            Self::UnitUnknown(unit) => {
                return named(language, "没有", "单元", "there is no unit", unit.as_str());
            }
            Self::RoomUnknown(room) => {
                return named(language, "没有", "室", "there is no room", room.as_str());
            }
            Self::TailElsewhere => {
                ("手机尾号是另一户的", "the phone tail belongs to another household")
            }
            Self::TailUndecided => ("手机尾号不能区分", "the phone tail decides nothing"),
            Self::NameElsewhere => ("姓名是另一户的", "the name belongs to another household"),
            Self::SeveralDoors(count) => {
                return match language {
                    Language::Chinese => format!("有{count}个门牌相符"),
                    Language::English => format!("{count} doors fit"),
                };
            }
            Self::NotPlain => ("写法不够清楚", "it is not written plainly"),
            Self::RoomMissing => ("没写房号", "no room is written"),
            Self::HouseholdOpen => ("不能确定是哪一户", "which household is open"),
        };
        language.pick(chinese, english).to_owned()
    }
}

impl Doubt {
    /// The doubt in words.
    pub fn sentence(self, language: Language) -> &'static str {
        let (chinese, english) = match self {
            Self::TooLong => ("文字太长", "the text is too long"),
            Self::NumberMissing => ("好像漏写了数字", "a number seems to be missing"),
            Self::TwoAddresses => ("写了两个地址", "it holds two addresses"),
            Self::LaneUnknown => ("没有这个巷弄号", "there is no such number in the lane"),
            Self::WordUnclear => ("有个字认不出", "a word for the building cannot be read"),
            Self::ElsewhereNamed => ("写的是别的路名", "it names a road that is not ours"),
        };
        language.pick(chinese, english)
    }
}

fn named(language: Language, before: &str, after: &str, english: &str, name: &str) -> String {
    match language {
        Language::Chinese => format!("{before}{name}{after}"),
        Language::English => format!("{english} {name}"),
    }
}
