package subscriber

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/shared/fault"
	"encora/shared/wire"
)

type deviceID struct {
	DeviceID uuid.UUID `path:"device_id"`
}

type registerDeviceIn struct {
	Body DeviceWrite
}

type renameDeviceIn struct {
	deviceID
	Body DeviceRename
}

// DeviceList is all devices of an account, and how many there may be.
type DeviceList struct {
	Data  []Device `json:"data"`
	Limit int      `json:"limit" doc:"How many devices the account's plan allows."`
}

func (d *Domain) listDevices(ctx context.Context, r *api.Read, _ *api.None) (DeviceList, error) {
	all, err := readDevices(ctx, r, r.Account)
	if err != nil {
		return DeviceList{}, err
	}
	limit, err := deviceLimit(ctx, r, r.Account)
	return DeviceList{all, limit}, err
}

func (d *Domain) getDevice(ctx context.Context, r *api.Read, in *deviceID) (Device, error) {
	found, err := readDevice(ctx, r, r.Account, in.DeviceID)
	if err != nil {
		return Device{}, err
	}
	if found == nil {
		return Device{}, fault.Missing()
	}
	return *found, nil
}

// registerDevice knows a device again by its fingerprint, so that an app which lost its memory takes no second place.
func (d *Domain) registerDevice(ctx context.Context, w *api.Write, in *registerDeviceIn) (Device, error) {
	a, err := holdAccount(ctx, w.Tx.Tx, w.Account, w.Now)
	if err != nil {
		return Device{}, err
	}
	if a.Status == statusClosed { // nothing of the person comes back by a token that has outlived the account
		return Device{}, fault.New(fault.Forbidden, "This account is closed.")
	}
	if err := w.Check(nil); err != nil {
		return Device{}, err
	}
	known, err := refreshDevice(ctx, w.Tx.Tx, w.Account, &in.Body, w.Now)
	if err != nil {
		return Device{}, err
	}
	if known != nil {
		return *known, nil
	}
	return d.addDevice(ctx, w, &in.Body)
}

// addDevice takes a place for a new device. The account is locked, so no other takes the same.
func (d *Domain) addDevice(ctx context.Context, w *api.Write, b *DeviceWrite) (Device, error) {
	all, err := readDevices(ctx, w.Tx.Tx, w.Account)
	if err != nil {
		return Device{}, err
	}
	limit, err := deviceLimit(ctx, w.Tx.Tx, w.Account)
	if err != nil {
		return Device{}, err
	}
	if len(all) >= limit {
		return Device{}, limitReached(limit, all)
	}
	added := b.device(w.Now)
	w.Audit("device.registered", resourceDevice, added.ID, map[string]any{"device_type": added.DeviceType})
	w.Event("device.registered", deviceEvent(w.Account, added))
	return *added, insertDevice(ctx, w.Tx.Tx, w.Account, added, b.print())
}

// limitReached shows what is registered, for the viewer to choose what to remove.
func limitReached(limit int, all []Device) error {
	details := make([]fault.Detail, len(all))
	for i := range all {
		details[i] = fault.Detail{Field: "device", Code: "registered", Message: "This device is registered.", Device: &all[i]}
	}
	return fault.New(fault.DeviceLimitReached, fmt.Sprintf("The plan allows %d devices. Remove one of them first.", limit), details...)
}

// deviceEvent is what webhooks hear of a device: nothing that a person has written.
func deviceEvent(account uuid.UUID, of *Device) map[string]any {
	return map[string]any{"account_id": account, "device_id": of.ID, "device_type": of.DeviceType}
}

func (d *Domain) renameDevice(ctx context.Context, w *api.Write, in *renameDeviceIn) (Device, error) {
	found, err := lockDevice(ctx, w, in.DeviceID)
	if err != nil {
		return Device{}, err
	}
	if err := w.Check(*found); err != nil {
		return Device{}, err
	}
	if in.Body.Name == "" || in.Body.Name == found.Name {
		return *found, nil
	}
	found.Name, found.UpdatedAt = in.Body.Name, w.Now
	w.Audit("device.renamed", resourceDevice, found.ID, nil)
	return *found, updateDeviceName(ctx, w.Tx.Tx, w.Account, found)
}

// lockDevice locks the account and reads a device of it; fault.Missing when it has none of this id.
func lockDevice(ctx context.Context, w *api.Write, id uuid.UUID) (*Device, error) {
	a, err := lockAccount(ctx, w.Tx.Tx, w.Account)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, fault.Missing()
	}
	found, err := readDevice(ctx, w.Tx.Tx, w.Account, id)
	if err == nil && found == nil {
		err = fault.Missing()
	}
	return found, err
}

func (d *Domain) removeDevice(ctx context.Context, w *api.Write, in *deviceID) (api.None, error) {
	found, err := lockDevice(ctx, w, in.DeviceID)
	if err != nil {
		return api.None{}, err
	}
	if err := w.Check(*found); err != nil {
		return api.None{}, err
	}
	if err := deleteDevice(ctx, w.Tx.Tx, w.Account, found.ID); err != nil {
		return api.None{}, err
	}
	w.Audit("device.removed", resourceDevice, found.ID, map[string]any{"device_type": found.DeviceType})
	w.Event("device.removed", deviceEvent(w.Account, found))
	return api.None{}, d.endSessions(ctx, w, w.Account, &found.ID, wire.ReasonDeviceRemoved)
}
