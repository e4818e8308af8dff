/** Fields of a PagerDuty event, version 2; its severities are critical, error, warning and info. */
export const pagerduty = String.raw`
{{ define "genesis.pagerduty.severity" -}}
{{ if eq .CommonLabels.severity "critical" }}critical{{ else if eq .CommonLabels.severity "warning" }}warning{{ else if eq .CommonLabels.severity "info" }}info{{ else }}error{{ end }}
{{- end }}

{{ define "genesis.pagerduty.description" -}}
{{ if eq .CommonLabels.alertname "GenesisNotifyTest" }}[TEST] {{ end }}{{ template "genesis.summary" (index .Alerts 0) }}
{{- if gt (len .Alerts) 1 }} and {{ len (slice .Alerts 1) }} more{{ end }}
{{- if .CommonLabels.cluster }} ({{ .CommonLabels.cluster }}){{ end }}
{{- end }}

{{ define "genesis.pagerduty.group" -}}
{{ .CommonLabels.cluster }}{{ if .CommonLabels.service }}/{{ .CommonLabels.service }}{{ else if .CommonLabels.region }}/{{ .CommonLabels.region }}{{ end }}
{{- end }}
`;
