//! Which events of the whole log a reader wants.

use event_log::RecordedEvent;
use fancy_regex::Regex;
use tonic::Status;

use crate::{
    name,
    proto::client::streams::read_req::options::{
        FilterOptions,
        filter_options::{Expression, Filter as On, Window},
    },
};

/// Events looked at between two checkpoints when the client leaves it to the server.
const WINDOW_EVENTS: u32 = 32;
/// The longest pattern.
const PATTERN_BYTES_MAX: usize = 4_096;
/// The most steps back that one pattern may take on one name; a name that needs more does not
/// match.
const BACKTRACKS_MAX: usize = 100_000;

/// Which events are wanted, and how often a reader of few of them hears where the log is.
#[derive(Debug)]
pub(crate) struct Filter {
    on: Field,
    pattern: Pattern,
    /// Events looked at between two checkpoints.
    pub checkpoint_events: u32,
}

#[derive(Debug)]
enum Field {
    Stream,
    Type,
}

#[derive(Debug)]
enum Pattern {
    Prefixes(Vec<String>),
    Regex(Box<Regex>),
}

impl Filter {
    pub fn read(options: FilterOptions) -> Result<Self, Status> {
        let (on, expression) = match options.filter {
            Some(On::StreamIdentifier(expression)) => (Field::Stream, expression),
            Some(On::EventType(expression)) => (Field::Type, expression),
            None => return Err(Status::invalid_argument("the filter is of nothing")),
        };
        let pattern = Pattern::read(expression)?;
        let window = match options.window {
            Some(Window::Max(0)) => {
                return Err(Status::invalid_argument("the filter's window must be above 0"));
            }
            Some(Window::Max(events)) => events,
            Some(Window::Count(())) | None => WINDOW_EVENTS,
        };
        let checkpoint_events = match options.checkpoint_interval_multiplier {
            0 => {
                let message = "the checkpoint interval multiplier must be above 0";
                return Err(Status::invalid_argument(message));
            }
            multiplier => window.saturating_mul(multiplier),
        };
        Ok(Self { on, pattern, checkpoint_events })
    }

    pub fn wants(&self, event: &RecordedEvent) -> bool {
        match self.on {
            Field::Stream => self.pattern.matches(&name::shown(&event.stream)),
            Field::Type => self.pattern.matches(&event.event_type),
        }
    }
}

impl Pattern {
    fn read(Expression { regex, prefix }: Expression) -> Result<Self, Status> {
        if regex.is_empty() {
            return Ok(Self::Prefixes(prefix));
        }
        if regex.len() > PATTERN_BYTES_MAX {
            let message = format!("a pattern has at most {PATTERN_BYTES_MAX} bytes");
            return Err(Status::invalid_argument(message));
        }
        let regex = fancy_regex::RegexBuilder::new(&regex).backtrack_limit(BACKTRACKS_MAX).build();
        let invalid = |error| Status::invalid_argument(format!("not a pattern: {error}"));
        Ok(Self::Regex(Box::new(regex.map_err(invalid)?)))
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Prefixes(prefixes) => prefixes.iter().any(|prefix| text.starts_with(prefix)),
            Self::Regex(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(regex: &str, prefixes: &[&str]) -> Pattern {
        let prefix = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
        Pattern::read(Expression { regex: regex.to_owned(), prefix }).unwrap()
    }

    #[test]
    fn a_prefix_is_enough_and_no_prefix_wants_nothing() {
        assert!(pattern("", &["run-", "parcel-"]).matches("parcel-1"));
        assert!(!pattern("", &["run-"]).matches("parcel-1"));
        assert!(!pattern("", &[]).matches("parcel-1"));
    }

    #[test]
    fn patterns_come_in_the_dialect_of_net() {
        let ours = pattern(r"^(?!\$)(?=parcel)", &[]);
        assert!(ours.matches("parcel-1") && !ours.matches("$parcel"));
        assert!(pattern("1$", &[]).matches("parcel-1"), "a pattern is looked for anywhere");
        assert!(pattern(r"^(?<kind>\w+)-\k<kind>$", &[]).matches("a-a"));
    }

    #[test]
    fn a_pattern_that_runs_wild_matches_nothing() {
        let wild = pattern(r"^(?=(a+)+\1b)", &[]);
        assert!(!wild.matches(&"a".repeat(60)));
    }

    #[test]
    fn nonsense_is_refused() {
        let options = |regex: &str, multiplier, window| FilterOptions {
            filter: Some(On::EventType(Expression { regex: regex.to_owned(), prefix: vec![] })),
            window,
            checkpoint_interval_multiplier: multiplier,
        };
        assert!(Filter::read(options("(", 1, None)).is_err());
        assert!(Filter::read(options("a", 0, None)).is_err());
        assert!(Filter::read(options("a", 1, Some(Window::Max(0)))).is_err());
        assert!(Filter::read(FilterOptions::default()).is_err());
        let filter = Filter::read(options("a", 3, Some(Window::Max(5)))).unwrap();
        assert_eq!(filter.checkpoint_events, 15);
    }
}
