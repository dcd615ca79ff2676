//! From the ground to the sheet.

use std::fmt::Write;

use super::Drawing;
use crate::walk::Point;

/// The sheet's width; its height follows from the compound.
pub const WIDTH: f64 = 1_200.0;
/// Around the plan; roads reach into it.
const MARGIN: f64 = 40.0;
/// White between the plan and the legend.
const GAP: f64 = 36.0;
/// Room for the title above the plan.
const HEAD: f64 = 60.0;
/// Room for each line of the legend below it.
pub const LINE: f64 = 32.0;
/// A compound that is much higher than wide is drawn smaller, so that it fits a sheet.
const PLAN_HEIGHT_MAX: f64 = 1_400.0;

/// Where on the sheet a spot of the ground is.
pub struct Frame {
    west: f64,
    north: f64,
    /// Units of the sheet for each decimetre.
    pub scale: f64,
    plan_height: f64,
    legend_lines: u32,
}

impl Frame {
    pub fn around(drawing: &Drawing) -> Self {
        let points = || {
            let shapes = drawing.buildings.iter().map(|building| &building.outline);
            let legs = drawing.routes.iter().flat_map(|route| &route.legs);
            // Roads may lead far away; the compound and its routes are what is shown.
            let lines = std::iter::once(&drawing.outline).chain(shapes).chain(legs);
            lines.flatten().chain(&drawing.gate)
        };
        let east = || points().map(|point| point.east_decimetres);
        let north = || points().map(|point| point.north_decimetres);
        let bounds = |least: Option<i32>, most: Option<i32>| {
            (f64::from(least.unwrap_or(0)), f64::from(most.unwrap_or(0)))
        };
        let (west, right) = bounds(east().min(), east().max());
        let (low, top) = bounds(north().min(), north().max());
        let (wide, high) = ((right - west).max(100.0), (top - low).max(100.0));
        let scale = ((WIDTH - 2.0 * MARGIN) / wide).min(PLAN_HEIGHT_MAX / high);
        let routes = u32::try_from(drawing.routes.len()).unwrap_or(0);
        let more = [drawing.attribution.is_some(), drawing.is_straight].map(u32::from);
        let legend_lines = 3 + routes.div_ceil(3) + more.iter().sum::<u32>();
        Self { west, north: top, scale, plan_height: high * scale, legend_lines }
    }

    pub fn place(&self, point: Point) -> (f64, f64) {
        let east = f64::from(point.east_decimetres) - self.west;
        let south = self.north - f64::from(point.north_decimetres);
        (MARGIN + east * self.scale, HEAD + MARGIN + south * self.scale)
    }

    pub fn points(&self, points: &[Point]) -> String {
        let mut told = String::new();
        for point in points {
            let (x, y) = self.place(*point);
            let _ = write!(told, "{x:.1},{y:.1} ");
        }
        told
    }

    /// Where the legend's first line stands.
    pub fn foot(&self) -> f64 {
        HEAD + self.plan_band() + GAP
    }

    fn plan_band(&self) -> f64 {
        2.0 * MARGIN + self.plan_height
    }

    pub fn open(&self, svg: &mut String) {
        let height = self.foot() + f64::from(self.legend_lines - 1) * LINE;
        let _ = writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
             font-family=\"'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif\">\n\
             <rect width=\"{WIDTH}\" height=\"{height:.0}\" fill=\"#fff\"/>\n\
             <clipPath id=\"plan\">\
             <rect y=\"{HEAD}\" width=\"{WIDTH}\" height=\"{:.0}\"/></clipPath>",
            self.plan_band()
        );
    }
}
