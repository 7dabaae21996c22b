"""The frame of a report: one file that loads nothing, runs nothing, and prints well."""

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f5f7; color: #1c2430; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "Liberation Sans", "DejaVu Sans", sans-serif; }
main { max-width: 984px; margin: 0 auto; padding: 32px 24px 48px; overflow-wrap: anywhere; }
header p { margin: 0; }
.eyebrow { color: #5b6675; letter-spacing: .08em; text-transform: uppercase; font-size: 12px; }
h1 { font-size: 32px; line-height: 1.2; margin: 4px 0 8px; }
h2 { font-size: 20px; margin: 0 0 4px; }
section { background: #fff; border: 1px solid #e1e5ea; border-radius: 10px; padding: 20px 24px 24px; margin-top: 20px; }
section > p { margin: 0 0 14px; color: #5b6675; max-width: 76ch; }
.lead { font-size: 17px; max-width: 72ch; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(112px, 1fr)); gap: 10px; margin-top: 20px; }
.tile { background: #fff; border: 1px solid #e1e5ea; border-radius: 10px; padding: 10px 14px; }
.tile b { display: block; font-size: 24px; white-space: nowrap; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { color: #5b6675; font-size: 13px; }
.tile.main { background: #10243a; border-color: #10243a; color: #fff; }
.tile.main span { color: #b9c8d8; }
.cloud { display: block; width: 100%; border-radius: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 12px; font-size: 13px; }
.legend > span { max-width: 280px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px;
  border: 1px solid rgba(0, 0, 0, .18); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 8px 12px; }
.charts + .wide { margin-top: 16px; }
figure.chart { max-width: 470px; margin: 0; }
figcaption { font-weight: 600; font-size: 13px; }
svg { display: block; width: 100%; height: auto; }
svg line { stroke: #e1e5ea; }
svg text { font-size: 12px; fill: #5b6675; font-family: inherit; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.plain td, .plain th { text-align: left; padding: 4px 20px 4px 0; border-bottom: 1px solid #edf0f3; vertical-align: top;
  font-weight: 400; }
.plain th, .quiet { color: #5b6675; }
.plain th:first-child, .plain td:first-child { min-width: 8em; }
.wide { overflow-x: auto; }
.confusion { font-size: 13px; }
.confusion td { min-width: 40px; height: 32px; text-align: center; border: 1px solid #fff; padding: 0 4px; }
.confusion th { font-weight: 500; text-align: right; padding: 2px 8px; max-width: 180px; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.confusion th[scope=col] { vertical-align: bottom; text-align: center; padding: 4px 0; }
.confusion th[scope=col] span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 130px;
  overflow: hidden; text-overflow: ellipsis; }
.pair { display: flex; flex-wrap: wrap; gap: 12px 24px; align-items: flex-start; }
.pair h3:first-child { margin-top: 0; }
.matrix { display: block; max-width: 100%; border: 1px solid #e1e5ea; }
h3 { font-size: 14px; margin: 18px 0 6px; }
.category { display: grid; grid-template-columns: 200px 1fr; gap: 4px 20px; padding: 12px 0;
  border-top: 1px solid #edf0f3; break-inside: avoid; }
.category p { margin: 0; color: #5b6675; font-size: 13px; }
.category h3 { margin: 0; font-size: 15px; }
.category h3, .plain .of, .card .what { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical;
  overflow: hidden; }
.plain .items img { height: 32px; min-width: 16px; }
.guess { display: flex; gap: 6px; white-space: nowrap; }
.guess .of { overflow: hidden; text-overflow: ellipsis; }
.strips { display: flex; flex-wrap: wrap; gap: 8px 24px; }
.strip span.kind { display: block; color: #5b6675; font-size: 12px; }
.strip .items { display: flex; flex-wrap: wrap; gap: 4px; }
.items img { height: 48px; min-width: 24px; max-width: 72px; object-fit: contain; background: #10131a;
  border-radius: 4px; }
.items img.wrong, .items code.wrong, .card img.wrong { outline: 2px solid #d55e00; outline-offset: 1px; }
.items code { font-size: 12px; background: #f4f5f7; border-radius: 4px; padding: 1px 6px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); gap: 16px 12px; }
.card { font-size: 13px; break-inside: avoid; min-width: 0; }
.card img { display: block; height: 96px; max-width: 100%; object-fit: contain; background: #10131a; border-radius: 6px;
  margin-bottom: 4px; }
.card .what { color: #5b6675; font-size: 12px; }
.missing { display: inline-block; color: #8a94a1; font-size: 12px; border: 1px dashed #c5ccd5; border-radius: 6px;
  padding: 8px; margin-bottom: 4px; }
footer { margin-top: 24px; color: #5b6675; font-size: 13px; }
@media (max-width: 700px) { .category { grid-template-columns: 1fr; } }
@media print { body { background: #fff; } section, .tile { break-inside: avoid; } }
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def page(title: str, body: str) -> str:
    """Return the page; both are HTML."""
    return _PAGE.format(title=title, style=_STYLE, body=body)
