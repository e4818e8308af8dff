/**
 * Raw text: Go's templates, not ours. A group always has one alert at least. Lists begin with `*`, not `-`: later versions of
 * Alertmanager read the details of a PagerDuty event as YAML where they can, and render what they find as templates once more;
 * a lone asterisk is no YAML, so the text stays as it is.
 */
export const common = String.raw`
{{ define "genesis.state" -}}
{{ if eq .CommonLabels.alertname "GenesisNotifyTest" }}TEST{{ if eq .Status "resolved" }} ENDED{{ end }}
{{- else if eq .Status "resolved" }}RESOLVED
{{- else }}{{ if .CommonLabels.severity }}{{ toUpper .CommonLabels.severity }}{{ else }}FIRING{{ end }}
{{- if gt (len .Alerts.Firing) 1 }} x{{ len .Alerts.Firing }}{{ end }}{{ end }}
{{- end }}

{{ define "genesis.about" -}}
{{ if .CommonLabels.service }}{{ .CommonLabels.service }}
{{- else if .CommonLabels.region }}region {{ .CommonLabels.region }}
{{- else if .CommonLabels.collector }}collector {{ .CommonLabels.collector }}
{{- else if .CommonLabels.instance }}{{ .CommonLabels.instance }}{{ end }}
{{- end }}

{{ define "genesis.subject" -}}
[{{ template "genesis.state" . }}] {{ if .CommonLabels.alertname }}{{ .CommonLabels.alertname }}{{ else }}{{ len .Alerts }} alerts{{ end }}
{{- if or .CommonLabels.service .CommonLabels.region .CommonLabels.collector .CommonLabels.instance }}: {{ template "genesis.about" . }}{{ end }}
{{- if .CommonLabels.cluster }} ({{ .CommonLabels.cluster }}){{ end }}
{{- end }}

{{ define "genesis.summary" -}}
{{ if .Annotations.summary }}{{ .Annotations.summary }}{{ else if .Annotations.description }}{{ .Annotations.description }}{{ else }}{{ .Labels.alertname }}{{ end }}
{{- end }}

{{ define "genesis.since" }}{{ .StartsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}{{ end }}
{{ define "genesis.until" }}{{ .EndsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}{{ end }}

{{ define "genesis.runbook_url" }}{{ $first := index .Alerts 0 }}{{ or $first.Annotations.runbook_url .ExternalURL }}{{ end }}
{{ define "genesis.dashboard_url" }}{{ $first := index .Alerts 0 }}{{ or $first.Annotations.dashboard_url .ExternalURL }}{{ end }}
{{ define "genesis.plugin_url" }}{{ $first := index .Alerts 0 }}{{ or $first.Annotations.plugin_url .ExternalURL }}{{ end }}

{{ define "genesis.list.firing" -}}
{{ range $at, $alert := .Alerts.Firing }}{{ if lt $at 10 }}* {{ template "genesis.summary" $alert }} (since {{ template "genesis.since" $alert }})
{{ if $alert.Annotations.description }}  {{ $alert.Annotations.description }}
{{ end }}{{ end }}{{ end }}
{{- if gt (len .Alerts.Firing) 10 }}and {{ len (slice .Alerts.Firing 10) }} more
{{ end }}{{ end }}

{{ define "genesis.list.resolved" -}}
{{ range $at, $alert := .Alerts.Resolved }}{{ if lt $at 10 }}* {{ template "genesis.summary" $alert }} (until {{ template "genesis.until" $alert }})
{{ end }}{{ end }}
{{- if gt (len .Alerts.Resolved) 10 }}and {{ len (slice .Alerts.Resolved 10) }} more
{{ end }}{{ end }}
`;
