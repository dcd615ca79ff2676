use std::collections::BTreeSet;

use jiff::civil::Date;

use super::event::{
    CapabilityNeed, Diet, HouseholdContactSet, HouseholdDietSet, HouseholdDoorsSet,
    HouseholdErased, HouseholdHeadCountConfirmed, HouseholdHeadCountProposed, HouseholdNeedsSet,
    HouseholdReachSet, HouseholdRegistered, HouseholdStatus, HouseholdStatusSet, NameToken,
    TailToken,
};
use super::{
    DOORS_MAX, Household, HouseholdCommand, HouseholdEvent, HouseholdRefusal, HouseholdState,
    PEOPLE_MAX, SEALED_BYTES_MAX, TAIL_TOKENS_MAX,
};
use crate::address::Door;
use crate::community::event::Language;
use crate::decider::fold;
use crate::event::DomainEvent;
use crate::ids::ActorId;
use crate::sealed::Sealed;
use crate::spec::given;

fn door(room: &str) -> Door {
    Door {
        building: "10".parse().unwrap(),
        unit: "2".parse().unwrap(),
        room: room.parse().unwrap(),
    }
}

fn doors(count: usize) -> BTreeSet<Door> {
    (1..=count).map(|number| door(&format!("30{number}"))).collect()
}

fn actor(badge: &str) -> ActorId {
    badge.parse().unwrap()
}

fn day(number: i8) -> Date {
    Date::constant(2022, 11, number)
}

fn registration() -> HouseholdRegistered {
    HouseholdRegistered { doors: doors(1), language: Language::Chinese, phone_only: true }
}

fn registered() -> Vec<HouseholdEvent> {
    vec![registration().into()]
}

fn then(
    mut history: Vec<HouseholdEvent>,
    more: impl IntoIterator<Item = HouseholdEvent>,
) -> Vec<HouseholdEvent> {
    history.extend(more);
    history
}

fn confirmed(people: u16, badge: &str) -> HouseholdEvent {
    HouseholdHeadCountConfirmed { people, confirmed_by: actor(badge), confirmed_on: day(20) }.into()
}

fn proposed(people: u16, badge: &str) -> HouseholdEvent {
    HouseholdHeadCountProposed { people, proposed_by: actor(badge), proposed_on: day(20) }.into()
}

/// Anna has confirmed two people.
fn counted() -> Vec<HouseholdEvent> {
    then(registered(), [confirmed(2, "anna")])
}

/// Ben says that there are six.
fn doubted() -> Vec<HouseholdEvent> {
    then(counted(), [proposed(6, "ben")])
}

fn contact() -> HouseholdContactSet {
    HouseholdContactSet {
        name: Some(Sealed("bmFtZQ==".into())),
        phone: Some(Sealed("cGhvbmU=".into())),
        note: None,
        phone_tail_tokens: BTreeSet::from([TailToken::from_bytes([7; 8])]),
        name_tokens: BTreeSet::from([NameToken::from_bytes([8; 8])]),
    }
}

fn erased() -> Vec<HouseholdEvent> {
    let contact = HouseholdEvent::from(contact());
    then(doubted(), [contact, HouseholdErased {}.into()])
}

fn propose(people: u16, badge: &str) -> HouseholdCommand {
    HouseholdCommand::ProposeHeadCount { people, proposed_by: actor(badge), proposed_on: day(20) }
}

fn confirm(people: u16, badge: &str) -> HouseholdCommand {
    HouseholdCommand::ConfirmHeadCount { people, confirmed_by: actor(badge), confirmed_on: day(20) }
}

fn status(status: HouseholdStatus) -> HouseholdStatusSet {
    let since = day(19);
    HouseholdStatusSet { status, since }
}

/// One command of each kind, registering first and erasing last.
fn every_command() -> Vec<HouseholdCommand> {
    vec![
        HouseholdCommand::Register(registration()),
        HouseholdCommand::SetDoors(HouseholdDoorsSet { doors: doors(1) }),
        propose(3, "anna"),
        confirm(3, "anna"),
        HouseholdCommand::SetStatus(status(HouseholdStatus::Living)),
        HouseholdCommand::SetReach(HouseholdReachSet {
            language: Language::English,
            phone_only: false,
        }),
        HouseholdCommand::SetDiet(HouseholdDietSet { diet: None }),
        HouseholdCommand::SetNeeds(HouseholdNeedsSet { needs: BTreeSet::new() }),
        HouseholdCommand::SetContact(Box::new(contact())),
        HouseholdCommand::Erase,
    ]
}

#[test]
fn nothing_can_be_said_of_a_household_that_nobody_registered() {
    for command in every_command().into_iter().skip(1) {
        given::<Household>([]).when(command).refused(&HouseholdRefusal::NotRegistered);
    }
}

mod registering {
    use super::*;

    #[test]
    fn a_household_is_registered() {
        given::<Household>([]).when(HouseholdCommand::Register(registration())).then(registered());
    }

    #[test]
    fn registering_it_again_changes_nothing() {
        given::<Household>(doubted())
            .when(HouseholdCommand::Register(registration()))
            .then_nothing();
    }

    #[test]
    fn it_lives_behind_one_door_at_least_and_four_at_most() {
        for count in [0, DOORS_MAX + 1] {
            let doors = doors(count);
            let fact = HouseholdRegistered { doors, ..registration() };
            given::<Household>([])
                .when(HouseholdCommand::Register(fact))
                .refused(&HouseholdRefusal::DoorsShape);
        }
    }

    #[test]
    fn other_facts_conflict() {
        let fact = HouseholdRegistered { phone_only: false, ..registration() };
        given::<Household>(registered())
            .when(HouseholdCommand::Register(fact))
            .refused(&HouseholdRefusal::AlreadyRegistered);
    }
}

mod moving {
    use super::*;

    fn set(count: usize) -> HouseholdCommand {
        let doors = doors(count);
        HouseholdCommand::SetDoors(HouseholdDoorsSet { doors })
    }

    #[test]
    fn a_household_takes_a_second_room() {
        let doors = doors(2);
        given::<Household>(registered()).when(set(2)).then([HouseholdDoorsSet { doors }.into()]);
    }

    #[test]
    fn the_same_doors_change_nothing() {
        given::<Household>(registered()).when(set(1)).then_nothing();
    }

    #[test]
    fn too_few_or_too_many_doors_are_refused() {
        for count in [0, DOORS_MAX + 1] {
            given::<Household>(registered())
                .when(set(count))
                .refused(&HouseholdRefusal::DoorsShape);
        }
    }
}

mod counting {
    use super::*;

    #[test]
    fn the_first_count_is_one_persons_word() {
        given::<Household>(registered()).when(confirm(2, "anna")).then([confirmed(2, "anna")]);
    }

    #[test]
    fn another_count_takes_a_second_person() {
        given::<Household>(counted()).when(propose(6, "ben")).then([proposed(6, "ben")]);
        given::<Household>(doubted()).when(confirm(6, "anna")).then([confirmed(6, "anna")]);
        let state = fold::<Household>(HouseholdState::default(), &doubted());
        assert_eq!(state.head_count.map(|count| count.people), Some(2));
    }

    #[test]
    fn the_survey_confirms_the_old_count_and_drops_the_proposal() {
        given::<Household>(doubted()).when(confirm(2, "carl")).then([confirmed(2, "carl")]);
        let history = then(doubted(), [confirmed(2, "carl")]);
        let state = fold::<Household>(HouseholdState::default(), &history);
        assert_eq!(state.proposed, None);
    }

    #[test]
    fn saying_it_again_changes_nothing() {
        given::<Household>(doubted()).when(propose(6, "ben")).then_nothing();
        given::<Household>(counted()).when(propose(2, "ben")).then_nothing();
        given::<Household>(counted()).when(confirm(2, "anna")).then_nothing();
    }

    #[test]
    fn an_impossible_count_is_refused() {
        for people in [0, PEOPLE_MAX + 1] {
            for command in [propose(people, "anna"), confirm(people, "anna")] {
                given::<Household>(registered())
                    .when(command)
                    .refused(&HouseholdRefusal::HeadCount);
            }
        }
    }

    #[test]
    fn who_proposed_a_count_does_not_confirm_it() {
        let proposed_by = actor("ben");
        given::<Household>(doubted())
            .when(confirm(6, "ben"))
            .refused(&HouseholdRefusal::FourEyes { proposed_by: proposed_by.clone() });
        given::<Household>(then(registered(), [proposed(6, "ben")]))
            .when(confirm(6, "ben"))
            .refused(&HouseholdRefusal::FourEyes { proposed_by });
    }

    #[test]
    fn who_confirmed_a_count_does_not_change_it_alone() {
        given::<Household>(counted())
            .when(confirm(3, "anna"))
            .refused(&HouseholdRefusal::HeadCountNotProposed { people: 3 });
        given::<Household>(then(counted(), [proposed(3, "anna")]))
            .when(confirm(3, "anna"))
            .refused(&HouseholdRefusal::FourEyes { proposed_by: actor("anna") });
    }

    #[test]
    fn two_counts_conflict() {
        given::<Household>(doubted())
            .when(confirm(5, "anna"))
            .refused(&HouseholdRefusal::HeadCountNotProposed { people: 5 });
        given::<Household>(doubted()).when(propose(5, "carl")).then([proposed(5, "carl")]);
    }
}

mod describing {
    use super::*;

    /// A fact is told, and told again.
    fn told(command: HouseholdCommand, event: impl Into<HouseholdEvent>) {
        let event = event.into();
        given::<Household>(registered()).when(command.clone()).then([event.clone()]);
        given::<Household>(then(registered(), [event])).when(command).then_nothing();
    }

    #[test]
    fn how_it_lives() {
        for how in [
            HouseholdStatus::Living,
            HouseholdStatus::Vacant,
            HouseholdStatus::Isolated,
            HouseholdStatus::Away,
        ] {
            told(HouseholdCommand::SetStatus(status(how)), status(how));
        }
    }

    #[test]
    fn a_sealed_door_with_somebody_in_is_corrected() {
        let history = then(registered(), [status(HouseholdStatus::Vacant).into()]);
        given::<Household>(history)
            .when(HouseholdCommand::SetStatus(status(HouseholdStatus::Living)))
            .then([status(HouseholdStatus::Living).into()]);
    }

    #[test]
    fn how_it_is_reached() {
        let reach = HouseholdReachSet { language: Language::English, phone_only: false };
        told(HouseholdCommand::SetReach(reach.clone()), reach);
    }

    #[test]
    fn what_it_eats() {
        let diet = HouseholdDietSet { diet: Some(Diet::Halal) };
        told(HouseholdCommand::SetDiet(diet.clone()), diet);
    }

    #[test]
    fn what_a_delivery_must_take_into_account() {
        let needs = BTreeSet::from([CapabilityNeed::CannotComeDown, CapabilityNeed::NeedsFridge]);
        let needs = HouseholdNeedsSet { needs };
        told(HouseholdCommand::SetNeeds(needs.clone()), needs);
    }

    #[test]
    fn whom_to_ask_for() {
        told(HouseholdCommand::SetContact(Box::new(contact())), contact());
    }

    #[test]
    fn a_contact_is_bounded() {
        let long = Sealed("x".repeat(SEALED_BYTES_MAX + 1));
        let too_long = HouseholdContactSet { note: Some(long), ..contact() };
        let tokens = (0..=TAIL_TOKENS_MAX).map(|n| TailToken::from_bytes((n as u64).to_be_bytes()));
        let too_many = HouseholdContactSet { phone_tail_tokens: tokens.collect(), ..contact() };
        for contact in [too_long, too_many] {
            given::<Household>(registered())
                .when(HouseholdCommand::SetContact(Box::new(contact)))
                .refused(&HouseholdRefusal::ContactShape);
        }
    }
}

mod erasing {
    use super::*;

    #[test]
    fn a_household_is_forgotten() {
        given::<Household>(doubted())
            .when(HouseholdCommand::Erase)
            .then([HouseholdErased {}.into()]);
    }

    #[test]
    fn nothing_is_left_of_it() {
        let state = fold::<Household>(HouseholdState::default(), &erased());
        let nothing = HouseholdState { erased: true, ..HouseholdState::default() };
        assert_eq!(state, nothing);
    }

    #[test]
    fn erasing_it_again_changes_nothing() {
        given::<Household>(erased()).when(HouseholdCommand::Erase).then_nothing();
    }

    #[test]
    fn nothing_more_can_be_said_of_it() {
        let mut commands = every_command();
        commands.pop();
        for command in commands {
            given::<Household>(erased()).when(command).refused(&HouseholdRefusal::Erased);
        }
    }
}

#[test]
fn every_stored_shape_is_read_again() {
    let needs = BTreeSet::from([CapabilityNeed::NeedsOxygen]);
    let events = then(
        doubted(),
        [
            HouseholdDoorsSet { doors: doors(4) }.into(),
            status(HouseholdStatus::Isolated).into(),
            HouseholdReachSet { language: Language::English, phone_only: false }.into(),
            HouseholdDietSet { diet: None }.into(),
            HouseholdNeedsSet { needs }.into(),
            contact().into(),
            HouseholdErased {}.into(),
        ],
    );
    assert_eq!(events.len(), HouseholdEvent::TYPES.len());
    for event in events {
        let payload = event.encode(serde_json::value::Serializer).unwrap();
        assert_eq!(HouseholdEvent::decode(event.event_type(), payload).unwrap(), event);
    }
}
