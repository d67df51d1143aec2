//! The nearest spelling, for messages.

/// The candidate that differs least in spelling from `word`, if any is near.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |s: &str| s.to_lowercase().replace('-', "_");
    let folded = fold(word);
    let length = word.chars().count();
    let limit = length.div_ceil(3).clamp(1, 3);
    // A text differs at least by its length: most candidates need no comparison.
    let near = |c: &&str| length > 60 || c.chars().count().abs_diff(length) <= limit;
    candidates
        .filter(near)
        .map(|c| (distance(&folded, &fold(c)), c))
        .filter(|(d, c)| *d <= limit && *d < c.chars().count())
        .min_by_key(|(d, c)| (*d, c.chars().count().abs_diff(length), distance(word, c)))
        .map(|p| p.1)
}

/// Edit distance with swaps of neighbours, of texts up to 64 characters.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j - 1] + same).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
