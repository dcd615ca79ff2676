//! The names that a community knows: a trie over the characters of its aliases, lanes and places,
//! so that finding them costs one look-up for each character of the text.

use std::collections::HashMap;

use domain::ids::CarrierId;

use crate::layout::{Alias, lane_of, span};
use crate::lex::{Meaning, Span};
use crate::text::{is_han_numeral, normalise};

/// The names, changed one at a time.
#[derive(Debug, Default, Clone)]
pub(crate) struct Names {
    steps: HashMap<(u32, char), u32>,
    nodes_count: u32,
    /// One bit for each first character's low bits: most positions of a text are ruled out by it.
    firsts: [u64; FIRSTS_WORDS],
    ends: HashMap<u32, End>,
    aliases: Vec<Option<Alias>>,
}

const FIRSTS_WORDS: usize = 16;

/// What ends at a node.
#[derive(Debug, Default, Clone)]
struct End {
    aliases: Vec<u32>,
    /// How many aliases and places name a number of this lane.
    lanes_count: u32,
    is_place: bool,
}

impl Names {
    /// Adds an alias, or replaces the one of the same text and carrier.
    pub fn put(&mut self, alias: &Alias) {
        let Some(chars) = normalise(&alias.text) else { return };
        let end = self.insert(&chars);
        let known = self.find(end, alias.carrier.as_ref());
        if let Some(index) = known {
            self.aliases[index as usize] = Some(alias.clone());
            return;
        }
        let Ok(index) = u32::try_from(self.aliases.len()) else { return };
        self.aliases.push(Some(alias.clone()));
        self.ends.entry(end).or_default().aliases.push(index);
        self.count_lane(&chars, 1);
    }

    /// Takes an alias away.
    pub fn remove(&mut self, alias: &Alias) {
        self.remove_text(&alias.text, alias.carrier.as_ref());
    }

    /// Takes the alias of this text and carrier away.
    pub fn remove_text(&mut self, text: &str, carrier: Option<&CarrierId>) {
        let Some(chars) = normalise(text) else { return };
        let Some(end) = self.walk(&chars) else { return };
        let Some(index) = self.find(end, carrier) else { return };
        self.aliases[index as usize] = None;
        if let Some(end) = self.ends.get_mut(&end) {
            end.aliases.retain(|known| *known != index);
        }
        self.count_lane(&chars, -1);
    }

    /// Adds a place; says whether it is new.
    pub fn put_place(&mut self, text: &str) -> bool {
        let Some(chars) = normalise(text).filter(|chars| !chars.is_empty()) else { return false };
        let end = self.insert(&chars);
        let end = self.ends.entry(end).or_default();
        let new = !std::mem::replace(&mut end.is_place, true);
        if new {
            self.count_lane(&chars, 1);
        }
        new
    }

    /// Takes a place away; says whether it was there.
    pub fn remove_place(&mut self, text: &str) -> bool {
        let Some(chars) = normalise(text) else { return false };
        let Some(end) = self.walk(&chars).and_then(|end| self.ends.get_mut(&end)) else {
            return false;
        };
        let known = std::mem::replace(&mut end.is_place, false);
        if known {
            self.count_lane(&chars, -1);
        }
        known
    }

    /// The alias at an index that a span gave.
    pub fn alias(&self, index: u32) -> Option<&Alias> {
        self.aliases.get(index as usize)?.as_ref()
    }

    /// The names in a text, the longest at each place, in order and without overlap.
    pub fn spans(&self, chars: &[char], carrier: Option<&CarrierId>) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut at = 0;
        while at < chars.len() {
            let (word, bit) = first_bit(chars[at]);
            let possible = self.firsts[word] & bit != 0;
            match possible.then(|| self.longest(chars, at, carrier)).flatten() {
                Some(found) => {
                    at = found.end;
                    spans.push(found);
                }
                None => at += 1,
            }
        }
        spans
    }

    fn longest(&self, chars: &[char], start: usize, carrier: Option<&CarrierId>) -> Option<Span> {
        let before = start.checked_sub(1).and_then(|place| chars.get(place));
        if before.is_some_and(|before| continues(*before, chars[start])) {
            return None;
        }
        let (mut node, mut found) = (0, None);
        for (place, c) in chars.iter().enumerate().skip(start) {
            let Some(next) = self.steps.get(&(node, *c)) else { break };
            node = *next;
            let whole = !chars.get(place + 1).is_some_and(|after| continues(*c, *after));
            let end = self.ends.get(&node).filter(|_| whole);
            if let Some(meaning) = end.and_then(|end| self.meaning(end, carrier)) {
                found = Some(span(start, place + 1, meaning));
            }
        }
        found
    }

    /// A carrier's own alias goes before everybody's, and an alias before a lane or a place.
    fn meaning(&self, end: &End, carrier: Option<&CarrierId>) -> Option<Meaning> {
        let of = |wanted: Option<&CarrierId>| {
            let fits = |index: &&u32| {
                self.alias(**index).is_some_and(|alias| alias.carrier.as_ref() == wanted)
            };
            end.aliases.iter().find(fits).copied()
        };
        let alias = carrier.and_then(|carrier| of(Some(carrier))).or_else(|| of(None));
        match alias {
            Some(index) => Some(Meaning::Alias(index)),
            None if end.is_place => Some(Meaning::Place),
            None if end.lanes_count > 0 => Some(Meaning::Lane),
            None => None,
        }
    }

    fn find(&self, end: u32, carrier: Option<&CarrierId>) -> Option<u32> {
        let same = |index: &&u32| {
            self.alias(**index).is_some_and(|alias| alias.carrier.as_ref() == carrier)
        };
        self.ends.get(&end)?.aliases.iter().find(same).copied()
    }

    fn count_lane(&mut self, chars: &[char], change: i32) {
        let Some(lane) = lane_of(chars) else { return };
        let node = self.insert(lane);
        let end = self.ends.entry(node).or_default();
        end.lanes_count = end.lanes_count.saturating_add_signed(change);
    }

    fn insert(&mut self, chars: &[char]) -> u32 {
        if let Some(first) = chars.first() {
            let (word, bit) = first_bit(*first);
            self.firsts[word] |= bit;
        }
        let mut node = 0;
        for c in chars {
            let fresh = self.nodes_count + 1;
            let next = *self.steps.entry((node, *c)).or_insert(fresh);
            self.nodes_count = self.nodes_count.max(next);
            node = next;
        }
        node
    }

    fn walk(&self, chars: &[char]) -> Option<u32> {
        chars.iter().try_fold(0, |node, c| self.steps.get(&(node, *c)).copied())
    }
}

fn first_bit(c: char) -> (usize, u64) {
    let low = u32::from(c) as usize % (FIRSTS_WORDS * 64);
    (low / 64, 1 << (low % 64))
}

/// Whether the second character belongs to the same number or word as the first, so that no name
/// may end or begin between them: `静园巷1` is not found in `静园巷13`.
fn continues(first: char, second: char) -> bool {
    let both = |of: fn(char) -> bool| of(first) && of(second);
    both(|c| c.is_ascii_digit()) || both(|c| c.is_ascii_uppercase()) || both(is_han_numeral)
}
