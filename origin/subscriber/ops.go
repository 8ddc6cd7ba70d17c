package subscriber

const (
	devices    = "/v2/devices"
	adminPlans = "/v2/admin/plans"
)
