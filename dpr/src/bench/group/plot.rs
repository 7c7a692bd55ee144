//! The figures as a drawing: one panel for each, over the number of hosts.

use std::fmt::Write;

use super::{Figures, Report, Way};

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 240.0;
/// Around a panel's axes: left, top, right, bottom.
const MARGIN: (f64, f64, f64, f64) = (56.0, 34.0, 14.0, 40.0);

/// A panel's title, what it shows, and its unit.
type Panel = (&'static str, fn(&Figures) -> f64, &'static str);

const PANELS: [Panel; 4] = [
    (
        "Packets through the busiest box",
        |it| it.busiest_box * 100.0,
        "%",
    ),
    ("Entries of the fullest box", |it| it.entries as f64, ""),
    ("Connections broken", |it| it.broken as f64, ""),
    ("Reroutes per packet", |it| it.reroutes_per_packet, ""),
];

fn color(way: Way) -> &'static str {
    match way {
        Way::Dpr => "#0b6e4f",
        Way::PlainHash => "#c8553d",
        Way::CentralRouter => "#33658a",
    }
}

/// An SVG document.
pub fn draw(report: &Report) -> String {
    let (width, height) = (2.0 * WIDTH, 2.0 * HEIGHT + 40.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (index, panel) in PANELS.iter().enumerate() {
        let (column, row) = ((index % 2) as f64, (index / 2) as f64);
        let _ = writeln!(
            svg,
            "<g transform=\"translate({},{})\">",
            column * WIDTH,
            row * HEIGHT
        );
        draw_panel(&mut svg, report, panel);
        svg += "</g>\n";
    }
    for (index, way) in Way::ALL.into_iter().enumerate() {
        let (x, y) = (MARGIN.0 + 160.0 * index as f64, height - 16.0);
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"4\" fill=\"{}\"/><text x=\"{}\" y=\"{y}\">{}</text>",
            y - 6.0,
            color(way),
            x + 18.0,
            way.name()
        );
    }
    svg + "</svg>\n"
}

fn draw_panel(svg: &mut String, report: &Report, (title, value, unit): &Panel) {
    let (left, top, right, bottom) = MARGIN;
    let (wide, high) = (WIDTH - left - right, HEIGHT - top - bottom);
    let all = report.groups.iter().flat_map(|group| &group.ways);
    let scale = round_up(all.map(value).fold(0.0, f64::max));
    let steps = report.groups.len().saturating_sub(1).max(1) as f64;
    let x = |index: usize| left + wide * index as f64 / steps;
    let y = |value: f64| top + high * (1.0 - value / scale);
    let _ = writeln!(
        svg,
        "<text x=\"{left}\" y=\"{}\" font-size=\"13\" font-weight=\"bold\">{title}</text>",
        top - 14.0
    );
    for part in 0..=4 {
        let value = scale * f64::from(part) / 4.0;
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{1:.1}\" y2=\"{1:.1}\" stroke=\"#ddd\"/>\
             <text x=\"{2}\" y=\"{3:.1}\" text-anchor=\"end\">{value}{unit}</text>",
            left + wide,
            y(value),
            left - 6.0,
            y(value) + 4.0
        );
    }
    for (index, group) in report.groups.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x(index),
            HEIGHT - bottom + 16.0,
            group.hosts
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">hosts</text>",
        left + wide / 2.0,
        HEIGHT - bottom + 32.0
    );
    for way in Way::ALL {
        let values = report
            .groups
            .iter()
            .enumerate()
            .filter_map(|(index, group)| {
                let figures = group.ways.iter().find(|figures| figures.way == way)?;
                Some((x(index), y(value(figures))))
            });
        let points: Vec<(f64, f64)> = values.collect();
        let line: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let color = color(way);
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>",
            line.join(" ")
        );
        for (x, y) in points {
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>"
            );
        }
    }
}

/// The next number of the kind 1, 2, 4 times a power of ten, for an axis with four parts.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let of_kind = [1.0, 2.0, 4.0, 10.0].map(|digit| digit * power);
    let fits = of_kind.into_iter().find(|limit| *limit >= value);
    fits.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, end) in [
            (0.0, 1.0),
            (0.87, 1.0),
            (1.1, 2.0),
            (37.0, 40.0),
            (41.0, 100.0),
        ] {
            assert!((round_up(value) - end).abs() < 1e-9, "{value}");
        }
    }
}
