/** E-mail: the same content as HTML and as plain text. Alertmanager escapes labels and annotations in HTML by itself. */
export const email = String.raw`
{{ define "genesis.email.text" -}}
{{ template "genesis.subject" . }}
{{ if gt (len .Alerts.Firing) 0 }}
Firing:
{{ template "genesis.list.firing" . }}{{ end }}
{{- if gt (len .Alerts.Resolved) 0 }}
Resolved:
{{ template "genesis.list.resolved" . }}{{ end }}
Runbook:    {{ template "genesis.runbook_url" . }}
Dashboard:  {{ template "genesis.dashboard_url" . }}
Genesis DR: {{ template "genesis.plugin_url" . }}

{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }}
{{ end }}{{ end }}

{{ define "genesis.email.colour" -}}
{{ if eq .Status "resolved" }}#2e7d32{{ else if eq .CommonLabels.severity "critical" }}#b00020{{ else if eq .CommonLabels.severity "warning" }}#b26a00{{ else }}#555555{{ end }}
{{- end }}

{{ define "genesis.email.html" -}}
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ template "genesis.subject" . }}</title></head>
<body style="margin:0;padding:16px;background:#f4f4f4;font-family:Helvetica,Arial,sans-serif;color:#222222">
<div style="max-width:640px;margin:0 auto;background:#ffffff">
<h1 style="margin:0;padding:16px;font-size:18px;color:#ffffff;background:{{ template "genesis.email.colour" . }}">{{ template "genesis.subject" . }}</h1>
<div style="padding:16px">
{{ range $at, $alert := .Alerts.Firing }}{{ if lt $at 10 }}<h2 style="font-size:16px;margin:0 0 4px">{{ template "genesis.summary" $alert }}</h2>
<p style="margin:0 0 4px">{{ $alert.Annotations.description }}</p>
<p style="margin:0 0 16px;color:#666666;font-size:13px">since {{ template "genesis.since" $alert }}</p>
{{ end }}{{ end }}
{{- if gt (len .Alerts.Firing) 10 }}<p>and {{ len (slice .Alerts.Firing 10) }} more</p>
{{ end }}
{{- range $at, $alert := .Alerts.Resolved }}{{ if lt $at 10 }}<p style="margin:0 0 8px">Resolved: {{ template "genesis.summary" $alert }} <span style="color:#666666;font-size:13px">until {{ template "genesis.until" $alert }}</span></p>
{{ end }}{{ end }}
{{- if gt (len .Alerts.Resolved) 10 }}<p>and {{ len (slice .Alerts.Resolved 10) }} more</p>
{{ end }}<p style="margin:16px 0">
<a href="{{ template "genesis.runbook_url" . }}" style="display:inline-block;padding:8px 12px;background:#1f60c4;color:#ffffff;text-decoration:none">Runbook</a>
<a href="{{ template "genesis.dashboard_url" . }}" style="display:inline-block;padding:8px 12px;background:#1f60c4;color:#ffffff;text-decoration:none">Dashboard</a>
<a href="{{ template "genesis.plugin_url" . }}" style="display:inline-block;padding:8px 12px;background:#1f60c4;color:#ffffff;text-decoration:none">Genesis DR</a>
</p>
<table style="border-collapse:collapse;font-size:13px;color:#444444">
{{ range .CommonLabels.SortedPairs }}<tr><td style="padding:2px 12px 2px 0;color:#666666">{{ .Name }}</td><td style="padding:2px 0">{{ .Value }}</td></tr>
{{ end }}</table>
</div>
</div>
</body>
</html>
{{ end }}
`;
