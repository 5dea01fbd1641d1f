"""The report's HTML page: template, style, scripts and chart library joined into one file.

Read `html.py` first. `template.html` is the frame, `style.css` the look, and `js/` the scripts, which are
joined in the order that `html.py` lists; `js/app.js` renders the page. `vega.py` supplies the chart library.
"""
