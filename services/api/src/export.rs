//! Lists as CSV that a spreadsheet opens: RFC 4180, UTF-8 with its mark, and no cell that a
//! spreadsheet would take for a formula.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The mark without which spreadsheets take UTF-8 for a local code page.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A table that is being written.
pub struct Csv {
    text: String,
    columns: usize,
}

impl Csv {
    /// A table with these columns. Their names are a promise: columns are added at the end only.
    pub fn with(columns: &[&str]) -> Self {
        let mut csv = Self { text: BYTE_ORDER_MARK.to_string(), columns: columns.len() };
        csv.row(columns.iter().map(|column| Cell::from(*column)).collect());
        csv
    }

    /// Adds a row. One that is too short is filled up, one that is too long is cut.
    pub fn row(&mut self, cells: Vec<Cell>) {
        let mut cells = cells;
        cells.resize(self.columns, Cell(String::new()));
        for (index, Cell(text)) in cells.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            if text.contains(['"', ',', '\r', '\n']) {
                self.text.push('"');
                self.text.push_str(&text.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(text);
            }
        }
        self.text.push_str("\r\n");
    }

    /// The table's text.
    #[cfg(test)]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The table as a file of this name.
    pub fn into_response(self, name: &str) -> Response {
        let mut response = self.text.into_response();
        let headers = response.headers_mut();
        let csv = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
        headers.insert(header::CONTENT_TYPE, csv);
        let disposition = format!("attachment; filename=\"{name}.csv\"");
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

/// One cell.
#[derive(Debug, Clone)]
pub struct Cell(String);

impl Cell {
    /// Anything that shows itself; nothing is an empty cell.
    pub fn of<T: ToString>(value: Option<T>) -> Self {
        value.map_or(Self(String::new()), |value| Self::from(value.to_string().as_str()))
    }

    /// The name that JSON has for a value of an enum.
    pub fn named<T: Serialize>(value: T) -> Self {
        Self(name(value))
    }
}

/// The name that JSON has for a value of an enum.
pub fn name<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => String::new(),
    }
}

impl From<&str> for Cell {
    /// A text. One that begins like a formula gets an apostrophe before it, which spreadsheets
    /// hide.
    fn from(text: &str) -> Self {
        let begins = text.trim_start_matches(' ');
        if begins.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
            Self(format!("'{text}"))
        } else {
            Self(text.to_owned())
        }
    }
}

macro_rules! number_cells {
    ($($number:ty),+) => {$(
        impl From<$number> for Cell {
            fn from(number: $number) -> Self {
                Self(number.to_string())
            }
        }
    )+};
}

number_cells!(u32, u64, i16, i64, usize, bool);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formula_survives() {
        let mut csv = Csv::with(&["name", "count"]);
        csv.row(vec![Cell::from("王牌路37号, \"邮电\"\n宿舍"), Cell::from(3_u32)]);
        csv.row(vec![Cell::from("=HYPERLINK(\"http://x\")"), Cell::from(-1_i64)]);
        csv.row(vec![Cell::from(" +1"), Cell::from("@x"), Cell::from("cut")]);
        csv.row(vec![]);
        let lines = [
            "\u{feff}name,count\r\n",
            "\"王牌路37号, \"\"邮电\"\"\n宿舍\",3\r\n",
            "\"'=HYPERLINK(\"\"http://x\"\")\",-1\r\n",
            "' +1,'@x\r\n",
            ",\r\n",
        ];
        assert_eq!(csv.text(), lines.concat());
    }
}
