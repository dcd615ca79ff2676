//! Waybill numbers: our own small cases, and the shared collections where they lie.

use std::collections::BTreeMap;

use addressing::code::Kind;
use addressing::waybill::{Candidate, Scan, Scheme, WaybillError, candidates, normalise};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn number(text: &str) -> String {
    match normalise(text) {
        Ok(Scan::Waybill(found)) => found.number.as_str().to_owned(),
        other => panic!("{text:?}: {other:?}"),
    }
}

fn carriers(text: &str) -> Vec<String> {
    match normalise(text) {
        Ok(Scan::Waybill(found)) => {
            let fitting = candidates(&found.number);
            fitting.iter().map(|candidate| candidate.carrier.to_string()).collect()
        }
        Ok(Scan::Own { .. }) | Err(_) => Vec::new(),
    }
}

fn scheme(text: &str) -> Scheme {
    match normalise(text) {
        Ok(Scan::Waybill(found)) => found.scheme,
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn what_people_and_scanners_send_becomes_one_number() {
    assert_eq!(number(" sf 1234 5678 90123\r\n"), "SF1234567890123");
    assert_eq!(number("ＹＴ１２３４５６７８９０１２３"), "YT1234567890123");
    assert_eq!(number("]C0SF1234567890123"), "SF1234567890123");
    assert_eq!(number("DPK364012345678-1-2"), "DPK364012345678-1-2");
}

#[test]
fn gs1_elements_are_taken_off() {
    // The SSCC of the General Specifications' own example.
    for scanned in [
        "]C100106141411234567897",
        "(00)106141411234567897",
        "00106141411234567897",
        "\u{1d}00106141411234567897",
        "]C10210614141123459370\u{1d}3712\u{1d}00106141411234567897",
    ] {
        let scanned = scanned.replace("0210614141123459370", "021061414112345937");
        match normalise(&scanned) {
            Ok(Scan::Waybill(found)) if found.scheme == Scheme::Sscc => {
                assert_eq!(found.number.as_str(), "106141411234567897");
            }
            other => panic!("{scanned:?}: {other:?}"),
        }
    }
    assert_eq!(normalise("(00)106141411234567898"), Err(WaybillError::CheckFailed));
    assert_eq!(scheme("(01)09506000134352"), Scheme::Gtin);
    assert_eq!(normalise("(01)09506000134353"), Err(WaybillError::CheckFailed));
    assert_eq!(normalise("]C13712"), Err(WaybillError::NoParcelNumber));
}

#[test]
fn postal_items_prove_their_look_alikes() {
    assert_eq!(scheme("rb 123 456 785 gb"), Scheme::S10);
    assert_eq!(number("RBI2345678SGB".replace('S', "5").as_str()), "RB123456785GB");
    assert_eq!(normalise("RB123456786GB"), Err(WaybillError::CheckFailed));
    assert_eq!(scheme("RB123456785XX"), Scheme::Plain);
}

#[test]
fn a_number_is_never_one_carriers_alone() {
    assert!(carriers("123456789012").len() > 3);
    assert_eq!(carriers("SF1234567890123"), ["sf"]);
}

#[test]
fn hostile_input_is_refused_with_what_to_do() {
    let refused = |text: &str| normalise(text).unwrap_err();
    assert_eq!(refused(""), WaybillError::Empty);
    assert_eq!(refused("12"), WaybillError::TooShort);
    assert_eq!(refused(&"1".repeat(41)), WaybillError::TooLong);
    assert_eq!(refused(&"1".repeat(10_000)), WaybillError::TooLong);
    assert_eq!(refused("1234\u{0}5678"), WaybillError::ControlCharacter);
    assert_eq!(refused("1234\u{1b}[2J"), WaybillError::ControlCharacter);
    assert_eq!(refused("https://example.com/1234567890"), WaybillError::Link);
    assert_eq!(refused("weixin:pay12345678"), WaybillError::Link);
    assert_eq!(refused("www.example.com"), WaybillError::Link);
    assert_eq!(refused("1234'; DROP"), WaybillError::Alphabet('\''));
    assert_eq!(refused("12345678单号"), WaybillError::Alphabet('单'));
}

#[test]
fn our_own_labels_are_known() {
    let label = addressing::code::encode(Kind::Parcel, 4_711).unwrap();
    assert_eq!(normalise(&label), Ok(Scan::Own { kind: Kind::Parcel, number: 4_711 }));
}

/// The collection's valid numbers fit their carrier's format and its invalid ones do not.
#[test]
fn the_shared_collection_agrees() {
    let Some(cases) = crate::shared::json("waybills/tracking_number_data_cases.json") else {
        return;
    };
    // The collection calls some carriers otherwise, and counts S10 as one.
    let ours: BTreeMap<&str, &str> = [
        ("canada_post", "canada-post"),
        ("old_dominion", "old-dominion"),
        ("dhl_ecommerce", "dhl-ecommerce"),
        ("dhl_ecommerce_14", "dhl-ecommerce"),
    ]
    .into();
    // One format's invalid number may be another format's valid one, of the same carrier.
    let listed = |case: &serde_json::Value, key: &str, number: &serde_json::Value| {
        case[key].as_array().is_some_and(|numbers| numbers.contains(number))
    };
    let valid_elsewhere = |courier: &serde_json::Value, number: &serde_json::Value| {
        let all = cases.as_array().into_iter().flatten();
        all.into_iter().any(|case| case["courier"] == *courier && listed(case, "valid", number))
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases.as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap_or_default();
        let carrier = ours.get(text("id")).or(ours.get(text("courier"))).copied();
        let carrier = carrier.unwrap_or(text("courier"));
        let fits = |number: &str| match carrier {
            "s10" => matches!(
                normalise(number),
                Ok(Scan::Waybill(found)) if found.scheme == Scheme::S10
            ),
            carrier => carriers(number).iter().any(|known| known == carrier),
        };
        for (key, expected) in [("valid", true), ("invalid", false)] {
            for number in case[key].as_array().unwrap() {
                if !expected && valid_elsewhere(&case["courier"], number) {
                    continue;
                }
                count += 1;
                let number = number.as_str().unwrap();
                if fits(number) != expected {
                    wrong.push(format!("{} {key} {number}: {:?}", text("name"), normalise(number)));
                }
            }
        }
    }
    println!("{} of {count} agree", count - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every postal service of the collection's list is known, and its own examples come out right.
#[test]
fn the_shared_list_of_postal_services_is_known() {
    let Some(list) = crate::shared::json("waybills/s10.json") else { return };
    let format = &list["tracking_numbers"][0];
    let numbers = |key: &str| format["test_numbers"][key].as_array().unwrap().clone();
    for valid in numbers("valid") {
        assert_eq!(scheme(valid.as_str().unwrap()), Scheme::S10, "{valid}");
    }
    for invalid in numbers("invalid") {
        let read = normalise(invalid.as_str().unwrap());
        let is_s10 = matches!(&read, Ok(Scan::Waybill(found)) if found.scheme == Scheme::S10);
        assert!(!is_s10, "{invalid}: {read:?}");
    }
    let lookups = format["additional"].as_array().unwrap();
    let countries = lookups.iter().find(|one| one["regex_group_name"] == "CountryCode").unwrap();
    let mut unknown = Vec::new();
    for country in countries["lookup"].as_array().unwrap() {
        let code = country["matches"].as_str().unwrap();
        let known = matches!(
            normalise(&format!("RB123456785{code}")),
            Ok(Scan::Waybill(found)) if found.scheme == Scheme::S10
        );
        if !known {
            unknown.push(code.to_owned());
        }
    }
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Numbers made from what several programs believe of Chinese carriers: each is taken as it is, and
/// the carrier is at most a candidate. Those beliefs contradict each other, so how often they agree
/// with ours is printed and not demanded.
#[test]
fn numbers_that_others_believe_in_are_taken() {
    let Some(beliefs) = crate::shared::json("waybills/cn_waybill_patterns.json") else { return };
    let mut runner = TestRunner::deterministic();
    let mut all = 0;
    for (carrier, patterns) in beliefs["patterns"].as_object().unwrap() {
        let (mut made, mut agreed) = (0, 0);
        let is_pattern = |(name, _): &(&String, &serde_json::Value)| *name != "note";
        for (_, pattern) in patterns.as_object().unwrap().iter().filter(is_pattern) {
            let alternatives = pattern.as_str().unwrap_or_default().split("$|^");
            for alternative in
                alternatives.map(|one| one.replace(['^', '$'], "").replace("\\d", "[0-9]"))
            {
                let Ok(numbers) = prop::string::string_regex(&alternative) else { continue };
                if alternative.is_empty() {
                    continue;
                }
                for _ in 0..20 {
                    let number = numbers.new_tree(&mut runner).unwrap().current();
                    match normalise(&number) {
                        Ok(Scan::Waybill(found)) => {
                            made += 1;
                            let ours = carrier.to_lowercase().replace('_', "-");
                            let known = |one: &Candidate| ours.starts_with(one.carrier.as_str());
                            agreed += usize::from(candidates(&found.number).iter().any(known));
                        }
                        // Shaped like a postal item, with a random digit for its check digit.
                        Err(WaybillError::CheckFailed) if number.len() == 13 => {}
                        // One program takes anything of 4 to 35 signs, one hyphen or twenty.
                        Err(WaybillError::TooShort) if number.contains('-') => {}
                        // And some have no longest number at all.
                        Err(WaybillError::TooLong) if number.len() > 40 => {}
                        other => panic!("{carrier} {alternative} {number}: {other:?}"),
                    }
                }
            }
        }
        println!("{carrier}: {made} numbers taken, {agreed} with the carrier as a candidate");
        all += made;
    }
    assert!(all > 1_000, "{all} numbers");
}

proptest! {
    /// Of the ten digits that may stand there, one is right and nine are noticed.
    #[test]
    fn every_wrong_check_digit_is_noticed(
        serial in "[0-9]{8}", sscc in "[0-9]{17}", gtin in "[0-9]{13}",
    ) {
        let right = |make: &dyn Fn(u8) -> String| {
            (0..10).filter(|digit| normalise(&make(*digit)).is_ok()).count()
        };
        prop_assert_eq!(right(&|digit| format!("RB{serial}{digit}CN")), 1);
        prop_assert_eq!(right(&|digit| format!("(00){sscc}{digit}")), 1);
        prop_assert_eq!(right(&|digit| format!("(01){gtin}{digit}")), 1);
    }

    #[test]
    fn no_code_panics(text in any::<String>()) {
        let _ = normalise(&text);
    }

    #[test]
    fn the_normal_form_is_stable(text in "[ 0-9A-Za-z-]{1,44}") {
        if let Ok(Scan::Waybill(found)) = normalise(&text) {
            let again = normalise(found.number.as_str());
            prop_assert_eq!(again.map(|scan| match scan {
                Scan::Waybill(again) => again.number.as_str().to_owned(),
                Scan::Own { .. } => String::new(),
            }), Ok(found.number.as_str().to_owned()));
        }
    }
}
