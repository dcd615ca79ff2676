//! What a document may be, looked at before anything is validated or run.
//!
//! async-graphql limits depth, complexity and directives once it validates; this look comes first
//! and is linear in the budget, so that a document made to be slow to validate is refused at once.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::Positioned;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, Selection, SelectionSet,
};
use runtime::Problem;

/// The deepest selection; introspection as clients send it is 13 deep.
pub(super) const DEPTH_MAX: usize = 15;
/// The deepest brackets: selections, arguments and the values in them.
pub(super) const NESTING_MAX: usize = 60;
/// The most words: names of all kinds, numbers and spreads. As many fields as a document may have,
/// each with an argument.
pub(super) const WORDS_MAX: usize = 2_000;
/// The most directives of all fields together.
pub(super) const DIRECTIVES_TOGETHER_MAX: usize = 200;
/// The most fields, fragments expanded.
pub(super) const COMPLEXITY_MAX: usize = 1_000;
/// The most directives on one field.
pub(super) const DIRECTIVES_MAX: usize = 8;
/// The most fields that are answered under another name.
pub(super) const ALIASES_MAX: usize = 100;
/// The most fields of the root: each is answered by itself.
pub(super) const ROOT_FIELDS_MAX: usize = 50;
/// The longest document, in bytes.
pub(super) const DOCUMENT_BYTES_MAX: usize = 64 * 1024;
/// The most operations in a document, of which one is run.
pub(super) const OPERATIONS_MAX: usize = 10;
/// The most fragments in a document.
pub(super) const FRAGMENTS_MAX: usize = 100;
/// The most variables of an operation.
pub(super) const VARIABLES_MAX: usize = 100;

/// Looks at a document.
///
/// # Errors
/// The problem of a document that is more than it may be.
pub(super) fn check(document: &ExecutableDocument) -> Result<(), Problem> {
    let operations: Vec<_> = match &document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(operations) => operations.values().collect(),
    };
    at_most("operations", operations.len(), OPERATIONS_MAX)?;
    at_most("fragments", document.fragments.len(), FRAGMENTS_MAX)?;
    // A fragment that no operation uses is validated all the same.
    let mut unused = Count::new(&document.fragments);
    for fragment in document.fragments.values() {
        unused.directives(fragment.node.directives.len())?;
        unused.set(&fragment.node.selection_set.node, 1)?;
        unused.fields = 0;
    }
    for operation in operations {
        at_most("variables", operation.node.variable_definitions.len(), VARIABLES_MAX)?;
        let set = &operation.node.selection_set.node;
        let mut count = Count::new(&document.fragments);
        count.directives(operation.node.directives.len())?;
        at_most("root fields", set.items.len(), ROOT_FIELDS_MAX)?;
        count.set(set, 1)?;
    }
    Ok(())
}

/// What was counted so far.
struct Count<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    fields: usize,
    aliases: usize,
}

impl<'a> Count<'a> {
    fn new(fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>) -> Self {
        Self { fragments, fields: 0, aliases: 0 }
    }

    /// Every selection counts, so that it ends however fragments spread each other.
    fn set(&mut self, set: &'a SelectionSet, depth: usize) -> Result<(), Problem> {
        // A fragment may be spread without a field in between, so this is no field's depth yet.
        at_most("levels", depth, 2 * DEPTH_MAX)?;
        for selection in &set.items {
            self.fields += 1;
            at_most("fields", self.fields, COMPLEXITY_MAX)?;
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    self.aliases += usize::from(field.alias.is_some());
                    at_most("aliases", self.aliases, ALIASES_MAX)?;
                    self.directives(field.directives.len())?;
                    self.set(&field.selection_set.node, depth + 1)?;
                }
                Selection::InlineFragment(fragment) => {
                    self.directives(fragment.node.directives.len())?;
                    self.set(&fragment.node.selection_set.node, depth + 1)?;
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(spread.node.directives.len())?;
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        self.set(&fragment.node.selection_set.node, depth + 1)?;
                    }
                }
            }
        }
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "reads as one of the counts")]
    fn directives(&self, count: usize) -> Result<(), Problem> {
        at_most("directives on one field", count, DIRECTIVES_MAX)
    }
}

fn at_most(what: &str, count: usize, max: usize) -> Result<(), Problem> {
    if count <= max {
        return Ok(());
    }
    let chinese = match what {
        "operations" => "操作",
        "fragments" => "片段",
        "variables" => "变量",
        "root fields" => "顶层字段",
        "levels" => "层级",
        "fields" => "字段",
        "aliases" => "别名",
        "words" => "词",
        "directives" => "指令",
        _ => "单个字段的指令",
    };
    Err(Problem::invalid(
        "document-too-large",
        format!("a document has at most {max} {what}: ask in several documents"),
        format!("一份查询至多含 {max} 个{chinese}：请分多次查询"),
    ))
}

/// Looks at how deep brackets lie in each other and how many words there are, before anything
/// recursive or slow reads the text.
///
/// # Errors
/// The problem of a document that nests too deep or is too much to parse.
pub(super) fn check_text(document: &str) -> Result<(), Problem> {
    let bytes = document.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    let (mut words, mut directives, mut in_word) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        let is_of_word = byte.is_ascii_alphanumeric() || *byte == b'_';
        if is_of_word && !in_word {
            words += 1;
            at_most("words", words, WORDS_MAX)?;
        }
        in_word = is_of_word;
        match byte {
            b'@' => {
                directives += 1;
                at_most("directives", directives, DIRECTIVES_TOGETHER_MAX)?;
            }
            b'{' | b'[' | b'(' => {
                depth += 1;
                at_most("levels", depth, NESTING_MAX)?;
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b'#' => at += bytes[at..].iter().take_while(|byte| **byte != b'\n').count(),
            b'"' if bytes[at..].starts_with(b"\"\"\"") => at += 3 + end_of_block(&bytes[at + 3..]),
            b'"' => at += 1 + end_of_text(&bytes[at + 1..]),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Where the last byte of the closing quotes of a block text lies.
fn end_of_block(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        match bytes.get(at..) {
            Some([b'\\', b'"', b'"', b'"', ..]) => at += 4,
            Some([b'"', b'"', b'"', ..]) => return at + 2,
            _ => at += 1,
        }
    }
    at
}

/// Where the closing quote of a text lies.
fn end_of_text(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\n' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// A document that is too long.
pub(super) fn too_long() -> Problem {
    Problem::invalid(
        "document-too-large",
        format!("a document has at most {DOCUMENT_BYTES_MAX} bytes: send values as variables"),
        format!("查询文本至多 {DOCUMENT_BYTES_MAX} 字节：请用变量传递数据"),
    )
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn checked(document: &str) -> Result<(), Problem> {
        check(&parse_query(document).unwrap())
    }

    #[test]
    fn a_document_of_usual_size_passes() {
        checked("query A { a { b @skip(if: false) } ...f } fragment f on Q { x: a { b } }")
            .unwrap();
    }

    #[test]
    fn fragments_that_double_are_counted_as_what_they_become() {
        let doubling = |level| format!("fragment f{level} on Q {{ ...f{0} ...f{0} }}", level + 1);
        let fragments: String = (0..12).map(doubling).collect();
        let document = format!("query {{ ...f0 }} {fragments} fragment f12 on Q {{ a }}");
        assert_eq!(checked(&document).unwrap_err().code, "document-too-large");
    }

    #[test]
    fn fragments_that_spread_themselves_end() {
        let document = "query { ...f } fragment f on Q { ...f }";
        assert_eq!(checked(document).unwrap_err().code, "document-too-large");
    }

    #[test]
    fn nesting_is_told_from_brackets_in_texts_and_comments() {
        check_text(&format!("{{ a(b: \"{}\") }}", "[".repeat(1000))).unwrap();
        check_text(&format!("{{ a(b: \"\"\"{}\" \\\"\"\" \"\"\") }}", "[".repeat(1000))).unwrap();
        check_text(&format!("# {}\n{{ a }}", "[".repeat(1000))).unwrap();
        for closers in ["\"]]]\"", "\"\"\" \"]]]\" \"\"\"", "\"\\\\\"", "\"\"", "# ]]]\n"] {
            let document = format!("{{ a(b: {}1) }}", format!("[{closers} ").repeat(1000));
            assert!(check_text(&document).is_err(), "{closers}");
        }
    }

    #[test]
    fn each_limit_is_one_too_many_away() {
        let aliased = |count: usize| {
            let fields = (0..count).map(|n| format!("a{n}: b")).collect::<Vec<_>>().join(" ");
            format!("{{ x {{ {fields} }} }}")
        };
        checked(&aliased(ALIASES_MAX)).unwrap();
        checked(&aliased(ALIASES_MAX + 1)).unwrap_err();
        let directed = |count: usize| format!("{{ a {} }}", "@skip(if: false) ".repeat(count));
        checked(&directed(DIRECTIVES_MAX)).unwrap();
        checked(&directed(DIRECTIVES_MAX + 1)).unwrap_err();
        let words = |count: usize| format!("{{ {} }}", "a_1 ".repeat(count));
        check_text(&words(WORDS_MAX)).unwrap();
        check_text(&words(WORDS_MAX + 1)).unwrap_err();
        let directed = |count: usize| format!("{{ {} }}", "a @b ".repeat(count));
        check_text(&directed(DIRECTIVES_TOGETHER_MAX)).unwrap();
        check_text(&directed(DIRECTIVES_TOGETHER_MAX + 1)).unwrap_err();
    }
}
