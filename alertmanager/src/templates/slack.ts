/** Slack's attachment: title, text, colour, footer. Its markup wants &, < and > as entities. */
export const slack = String.raw`
{{ define "genesis.slack.escape" }}{{ reReplaceAll ">" "&gt;" (reReplaceAll "<" "&lt;" (reReplaceAll "&" "&amp;" .)) }}{{ end }}

{{ define "genesis.slack.color" -}}
{{ if eq .Status "resolved" }}#2eb886{{ else if eq .CommonLabels.severity "critical" }}#d00000{{ else if eq .CommonLabels.severity "warning" }}#f2a900{{ else }}#808080{{ end }}
{{- end }}

{{ define "genesis.slack.title" }}{{ template "genesis.subject" . }}{{ end }}

{{ define "genesis.slack.alert" -}}
*{{ if .Annotations.summary }}{{ template "genesis.slack.escape" .Annotations.summary }}{{ else }}{{ template "genesis.slack.escape" .Labels.alertname }}{{ end }}*
{{ if .Annotations.description }}{{ template "genesis.slack.escape" .Annotations.description }}
{{ end }}{{ end }}

{{ define "genesis.slack.text" -}}
{{ range $at, $alert := .Alerts.Firing }}{{ if lt $at 10 }}{{ template "genesis.slack.alert" $alert }}_since {{ template "genesis.since" $alert }}_
{{ end }}{{ end }}
{{- if gt (len .Alerts.Firing) 10 }}and {{ len (slice .Alerts.Firing 10) }} more
{{ end }}
{{- range $at, $alert := .Alerts.Resolved }}{{ if lt $at 10 }}:white_check_mark: {{ template "genesis.slack.escape" (or $alert.Annotations.summary $alert.Labels.alertname) }} _until {{ template "genesis.until" $alert }}_
{{ end }}{{ end }}
{{- if gt (len .Alerts.Resolved) 10 }}and {{ len (slice .Alerts.Resolved 10) }} more
{{ end }}{{ end }}

{{ define "genesis.slack.footer" -}}
{{ range $pair := .CommonLabels.SortedPairs }}{{ if match "^(cluster|region|service|component|severity|team|tier)$" $pair.Name }}{{ $pair.Name }}={{ $pair.Value }} {{ end }}{{ end }}
{{- end }}
`;
