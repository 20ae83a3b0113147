//! Tables without borders: columns that line up.

use anstyle::{AnsiColor, Style};

use crate::safe::clean;

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// How good the news in a cell is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
    Faint,
}

impl Tone {
    /// How it looks.
    pub(crate) fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Faint => Style::new().dimmed(),
        }
    }
}

/// One cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell with this text, in which nothing controls the terminal.
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: clean(&text.into()), tone }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text.to_string(), Tone::Plain)
    }
}

/// A row of cells from anything that can be shown.
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($crate::table::Cell::from($cell)),*] };
}
pub(crate) use row;

/// A table with a heading.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns; a heading that starts with `>` is of a column that stands right.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        let column = |heading: &&'static str| match heading.strip_prefix('>') {
            Some(heading) => (heading, Align::Right),
            None => (*heading, Align::Left),
        };
        Self { columns: headings.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row; cells that it lacks stay empty.
    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The lines of the table, each indented by `indent` spaces.
    pub(crate) fn lines(&self, indent: usize) -> Vec<String> {
        let heading = Style::new().bold();
        let cell = |column: usize, row: &'_ [Cell]| row.get(column).cloned().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| cell(column, row).text.chars().count());
            cells.chain([self.columns[column].0.chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.columns.len()).map(width).collect();
        let line = |cells: Vec<(String, Style)>| {
            let cells = cells.into_iter().enumerate().map(|(column, (text, style))| {
                let pad = " ".repeat(widths[column].saturating_sub(text.chars().count()));
                match self.columns[column].1 {
                    Align::Right => format!("{pad}{style}{text}{style:#}"),
                    Align::Left => format!("{style}{text}{style:#}{pad}"),
                }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            format!("{}{}", " ".repeat(indent), line.trim_end())
        };
        let headings = self.columns.iter().map(|(text, _)| ((*text).to_owned(), heading)).collect();
        let rows = self.rows.iter().map(|row| {
            let cells = (0..widths.len()).map(|column| cell(column, row));
            line(cells.map(|cell| (cell.text, cell.tone.style())).collect())
        });
        std::iter::once(line(headings)).chain(rows).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table) -> Vec<String> {
        table.lines(2).iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    #[test]
    fn columns_line_up_and_numbers_stand_right() {
        let mut table = Table::new(&["NAME", ">COUNT", "NOTE"]);
        table.push(row!["a", 7, Cell::new("fine", Tone::Good)]);
        table.push(row!["longer name", 1234]);
        assert_eq!(
            plain(&table),
            ["  NAME         COUNT  NOTE", "  a                7  fine", "  longer name   1234"]
        );
    }

    #[test]
    fn colour_changes_no_width() {
        let mut table = Table::new(&["A", "B"]);
        table.push(vec![Cell::new("x", Tone::Bad), "y".into()]);
        table.push(row!["x", "y"]);
        let lines = plain(&table);
        assert_eq!(lines[1], lines[2]);
        assert_ne!(table.lines(2)[1], lines[1], "the tone is in the text before it is stripped");
    }
}
