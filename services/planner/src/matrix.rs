//! Distances or durations between places, row by row.

/// A square table of whole numbers: metres, decimetres or seconds, as the caller counts.
///
/// The way there may be longer than the way back. Sums are counted in 64 bits, so any cell may be
/// as large as a `u32` can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    size: usize,
    cells: Vec<u32>,
}

/// The cells do not form a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cells} cells do not form a square of {size} places")]
pub struct NotSquare {
    /// The number of places that was named.
    pub size: usize,
    /// The number of cells that came with it.
    pub cells: usize,
}

impl Matrix {
    /// A table of `size` places from its cells, row by row.
    ///
    /// # Errors
    /// When there are not `size * size` cells.
    pub fn new(size: usize, cells: Vec<u32>) -> Result<Self, NotSquare> {
        if size.checked_mul(size) == Some(cells.len()) {
            Ok(Self { size, cells })
        } else {
            Err(NotSquare { size, cells: cells.len() })
        }
    }

    /// A table whose cells are asked for one by one, as `cell(from, to)`.
    pub fn from_fn(size: usize, mut cell: impl FnMut(usize, usize) -> u32) -> Self {
        let mut cells = Vec::with_capacity(size * size);
        for from in 0..size {
            cells.extend((0..size).map(|to| cell(from, to)));
        }
        Self { size, cells }
    }

    /// Straight lines between points, rounded to the nearest whole number.
    pub fn straight(points: &[(f64, f64)]) -> Self {
        Self::from_fn(points.len(), |from, to| {
            let ((x, y), (to_x, to_y)) = (points[from], points[to]);
            rounded((x - to_x).hypot(y - to_y))
        })
    }

    /// The number of places.
    pub fn size(&self) -> usize {
        self.size
    }

    /// From one place to another.
    ///
    /// # Panics
    /// When there is no such place.
    #[inline]
    pub fn get(&self, from: usize, to: usize) -> u32 {
        self.cells[from * self.size + to]
    }

    /// From one place to all others.
    ///
    /// # Panics
    /// When there is no such place.
    #[inline]
    pub fn row(&self, from: usize) -> &[u32] {
        &self.cells[from * self.size..(from + 1) * self.size]
    }

    /// Whether every way back is as long as the way there.
    pub fn is_symmetric(&self) -> bool {
        (0..self.size).all(|from| (0..from).all(|to| self.get(from, to) == self.get(to, from)))
    }

    /// The table of some of the places, in the order they are named; one may be named twice.
    ///
    /// # Panics
    /// When there is no such place.
    #[must_use]
    pub fn of(&self, places: &[usize]) -> Self {
        Self::from_fn(places.len(), |from, to| self.get(places[from], places[to]))
    }
}

/// A length as a cell holds it: what is below zero or no number is zero, what is too long is the
/// longest.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float becomes the nearest number a cell can hold"
)]
pub(crate) fn rounded(length: f64) -> u32 {
    length.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_form_no_square_are_refused() {
        assert_eq!(Matrix::new(2, vec![0; 3]), Err(NotSquare { size: 2, cells: 3 }));
        assert_eq!(Matrix::new(usize::MAX, vec![]).map_err(|fault| fault.cells), Err(0));
        assert_eq!(Matrix::new(0, vec![]).map(|matrix| matrix.size()), Ok(0));
    }

    #[test]
    fn a_row_is_read_in_the_direction_of_travel() {
        let matrix = Matrix::new(2, vec![0, 7, 9, 0]).unwrap();
        assert_eq!((matrix.get(0, 1), matrix.get(1, 0)), (7, 9));
        assert_eq!(matrix.row(1), [9, 0]);
        assert!(!matrix.is_symmetric());
    }

    #[test]
    fn straight_lines_are_rounded_and_never_wrap() {
        let matrix = Matrix::straight(&[(0.0, 0.0), (3.0, 4.4), (1e12, 0.0), (f64::NAN, 0.0)]);
        assert_eq!((matrix.get(0, 1), matrix.get(0, 2), matrix.get(0, 3)), (5, u32::MAX, 0));
        assert!(matrix.is_symmetric());
    }

    #[test]
    fn a_part_keeps_the_order_it_was_named_in() {
        let matrix = Matrix::new(3, vec![0, 1, 2, 3, 0, 5, 6, 7, 0]).unwrap();
        assert_eq!(matrix.of(&[2, 0]), Matrix::new(2, vec![0, 6, 2, 0]).unwrap());
    }
}
