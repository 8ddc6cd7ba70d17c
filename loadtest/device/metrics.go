package device

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"
)

// Metrics are what a server counts of itself, by name with labels.
func (c *Client) Metrics() (map[string]float64, error) {
	req := Request{Path: "/metrics"}
	a, err := c.Do(req, true)
	if err == nil && a.Status != 200 {
		err = a.Fault(req)
	}
	return Metrics(a.Body), err
}

// Metrics reads the Prometheus text format: values by name with labels.
func Metrics(text []byte) map[string]float64 {
	values := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		if v, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			values[line[:at]] = v
		}
	}
	return values
}
