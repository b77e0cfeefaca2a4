def render_findings(findings, format, *, colour):
    return "".join(f"{f.severity}[{f.id}]: {f.message}\n  --> {f.place}\n   = help: {f.help}\n" for f in findings)
