/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* ejabberd's words, from the documentation of 23.01's options and the older ones that its
 * ejabberd.cfg had. What herald builds is found before anybody asks here. */
#include "herald/daemon/ejabberd.h"

#include <stddef.h>

// clang-format off
static const char *const options[] = {
	"access", "access_rules", "acl", "acme", "allow_contrib_modules",
	"allow_multiple_connections", "anonymous_protocol", "api_permissions",
	"append_host_config", "auth_cache_life_time", "auth_cache_missed",
	"auth_cache_size", "auth_external_user_exists_check", "auth_method",
	"auth_opts", "auth_password_format", "auth_scram_hash",
	"auth_stored_password_types", "auth_use_cache", "c2s_cafile", "c2s_ciphers",
	"c2s_dhfile", "c2s_protocol_options", "c2s_tls_compression", "ca_file",
	"cache_life_time", "cache_missed", "cache_size", "captcha_cmd", "captcha_host",
	"captcha_limit", "captcha_url", "certfile", "cluster_backend", "cluster_nodes",
	"default_db", "default_ram_db", "define_keyword", "define_macro",
	"disable_sasl_mechanisms", "disable_sasl_scram_downgrade_protection",
	"domain_balancing", "domain_cafile", "domain_certfile", "ext_api_headers",
	"ext_api_http_pool_size", "ext_api_path_oauth", "ext_api_url",
	"extauth_pool_name", "extauth_pool_size", "extauth_program", "fqdn",
	"hide_sensitive_log_data", "host_config", "hosts_alias", "include_config_file",
	"install_contrib_modules", "jwt_auth_only_rule", "jwt_jid_field", "jwt_key",
	"language", "ldap_backups", "ldap_base", "ldap_deref_aliases", "ldap_dn_filter",
	"ldap_encrypt", "ldap_filter", "ldap_password", "ldap_port", "ldap_rootdn",
	"ldap_servers", "ldap_tls_cacertfile", "ldap_tls_certfile", "ldap_tls_depth",
	"ldap_tls_verify", "ldap_uids", "listen", "log_burst_limit_count",
	"log_burst_limit_window_time", "log_dir", "log_modules_fully",
	"log_rotate_count", "log_rotate_size", "loglevel", "max_fsm_queue",
	"max_user_sessions", "modules", "net_ticktime", "new_sql_schema",
	"oauth_access", "oauth_cache_life_time", "oauth_cache_missed",
	"oauth_cache_rest_failure_life_time", "oauth_cache_size",
	"oauth_client_id_check", "oauth_db_type", "oauth_expire", "oauth_use_cache",
	"odbc_keepalive_interval", "odbc_pool_size", "odbc_server", "oom_killer",
	"oom_queue", "oom_watermark", "outgoing_s2s_families",
	"outgoing_s2s_ipv4_address", "outgoing_s2s_ipv6_address", "outgoing_s2s_port",
	"outgoing_s2s_timeout", "override_acls", "override_global", "override_local",
	"pam_service", "pam_userinfotype", "pgsql_users_number_estimate", "queue_dir",
	"queue_type", "redis_connect_timeout", "redis_db", "redis_password",
	"redis_pool_size", "redis_port", "redis_queue_type", "redis_server",
	"registration_timeout", "replaced_connection_timeout", "resource_conflict",
	"rest_proxy", "router_cache_life_time", "router_cache_missed",
	"router_cache_size", "router_db_type", "router_use_cache", "rpc_timeout",
	"s2s_access", "s2s_cafile", "s2s_certfile", "s2s_ciphers", "s2s_default_policy",
	"s2s_dhfile", "s2s_dns_retries", "s2s_dns_timeout", "s2s_host",
	"s2s_max_retry_delay", "s2s_protocol_options", "s2s_queue_type", "s2s_timeout",
	"s2s_tls_compression", "s2s_use_starttls", "s2s_zlib", "shaper", "shaper_rules",
	"sm_cache_life_time", "sm_cache_missed", "sm_cache_size", "sm_db_type",
	"sm_use_cache", "sql_connect_timeout", "sql_database", "sql_flags",
	"sql_keepalive_interval", "sql_odbc_driver", "sql_password", "sql_pool_size",
	"sql_port", "sql_prepared_statements", "sql_query_timeout", "sql_queue_type",
	"sql_server", "sql_ssl", "sql_ssl_cafile", "sql_ssl_certfile", "sql_ssl_verify",
	"sql_start_interval", "sql_type", "sql_username", "trusted_proxies",
	"update_sql_schema", "use_cache", "validate_stream", "version",
	"watchdog_admins", "websocket_origin", "websocket_ping_interval",
	"websocket_timeout",
	NULL,
};

static const char *const listeners[] = {
	"ejabberd_http", "ejabberd_http_poll", "ejabberd_http_ws", "ejabberd_local",
	"ejabberd_s2s_in", "ejabberd_service", "ejabberd_sip", "ejabberd_stun",
	"ejabberd_xmlrpc", "mod_irc", "mod_mqtt", "mod_proxy65", "mod_proxy65_stream",
	NULL,
};

static const char *const listener_options[] = {
	"accept_interval", "access", "access_commands", "allow_unencrypted_sasl2",
	"auth_realm", "cafile", "captcha", "certfile", "check_from", "ciphers",
	"custom_headers", "default_host", "dhfile", "global_routes", "host", "hosts",
	"http_bind", "http_poll", "inet", "inet6", "keepalive", "max_fsm_queue",
	"max_stanza_elements", "password", "pre_auth_max_stanza_elements",
	"pre_auth_max_stanza_size", "protocol_options", "register", "request_handlers",
	"s2s_use_starttls", "send_timeout", "server_name", "service_check_from",
	"session_timeout", "shaper", "shaper_rule", "starttls_required", "tag",
	"tls_compression", "tls_verify", "transport", "turn_blacklist",
	"turn_ipv4_address", "turn_ipv6_address", "turn_max_allocations",
	"turn_max_permissions", "turn_max_port", "turn_min_port", "unix_socket",
	"use_proxy_protocol", "use_turn", "web_admin", "zlib",
	NULL,
};

static const char *const modules[] = {
	"mod_adhoc", "mod_adhoc_api", "mod_admin_extra", "mod_admin_update_sql",
	"mod_announce", "mod_antispam", "mod_auth_fast", "mod_avatar",
	"mod_block_strangers", "mod_blocking", "mod_bosh", "mod_caps",
	"mod_client_state", "mod_configure", "mod_conversejs", "mod_delegation",
	"mod_fail2ban", "mod_host_meta", "mod_http_api", "mod_http_bind",
	"mod_http_fileserver", "mod_http_upload", "mod_http_upload_quota",
	"mod_invites", "mod_irc", "mod_jidprep", "mod_last", "mod_legacy_auth",
	"mod_mam", "mod_matrix_gw", "mod_metrics", "mod_mix", "mod_mix_pam", "mod_mqtt",
	"mod_mqtt_bridge", "mod_muc", "mod_muc_admin", "mod_muc_log",
	"mod_muc_occupantid", "mod_muc_rtbl", "mod_multicast", "mod_odbc",
	"mod_pres_counter", "mod_privacy", "mod_privilege", "mod_providers",
	"mod_proxy65", "mod_pubsub", "mod_pubsub_serverinfo", "mod_push",
	"mod_push_keepalive", "mod_register", "mod_register_web", "mod_s2s_dialback",
	"mod_scram_upgrade", "mod_service_log", "mod_shared_roster",
	"mod_shared_roster_ldap", "mod_sic", "mod_sip", "mod_stats", "mod_stream_mgmt",
	"mod_stun_disco", "mod_time", "mod_tombstones", "mod_vcard_xupdate",
	"mod_version",
	NULL,
};

static const char *const module_options[] = {
	"access", "access_admin", "access_blocked", "access_contacts", "access_create",
	"access_createnode", "access_from", "access_log", "access_mam",
	"access_max_user_messages", "access_model", "access_persistent",
	"access_remove", "access_server", "ack_timeout", "allow_contact",
	"allow_local_users", "allow_modules", "allow_return_all", "allow_transports",
	"assume_mam_usage", "auth_type", "bounce_groupchat", "c2s_auth_ban_lifetime",
	"c2s_max_auth_failures", "cache_life_time", "cache_missed", "cache_options",
	"cache_size", "captcha", "captcha_protected", "clear_archive_on_room_destroy",
	"compress_xml", "concat", "convert", "count", "custom_headers", "db_type",
	"default", "default_node_config", "default_room_options", "dir_mode", "docroot",
	"drop", "external_secret", "extra_domains", "file_mode", "force_node_config",
	"get_url", "hibernation_timeout", "history_size", "host", "hosts",
	"ignore_pep_from_offline", "include_body", "include_sender", "interval", "ip",
	"ip_access", "iqdisc", "jid_in_url", "json", "last_item_cache", "log",
	"matches", "max_ack_queue", "max_concat", "max_connections", "max_inactivity",
	"max_items_node", "max_pause", "max_resume_timeout", "max_room_desc",
	"max_room_id", "max_room_name", "max_rooms_discoitems", "max_size",
	"max_subscriptions_node", "max_user_conferences", "max_users",
	"max_users_admin_threshold", "max_users_presence", "min_message_interval",
	"min_presence_interval", "name", "nodetree", "notify_sleep", "notify_timeout",
	"outgoing_timeout", "password_strength", "pep_mapping", "ping_ack_timeout",
	"ping_interval", "plugins", "port", "prebind", "preload_rooms", "put_url",
	"queue_type", "queue_when_inactive", "rate_limit", "recbytes", "redirect_url",
	"regexp_room_id", "registration_watchers", "request_activates_archiving",
	"resend_on_timeout", "resume_timeout", "room_shaper", "search", "secret_length",
	"send_pings", "server_host", "server_info", "servers", "service_url", "shaper",
	"show_os", "sndbuf", "store_current_id", "store_empty_body", "store_groupchat",
	"store_old_room_history", "thumbnail", "timeout_action", "type", "use_cache",
	"use_mam_for_storage", "user_message_shaper", "user_mucsub_from_muc_archive",
	"user_presence_shaper", "vcard", "versioning", "wake_on_start",
	"wake_on_timeout", "welcome", "welcome_message",
	NULL,
};

static const char *const acl_words[] = {
	"access_rules_validators", "node_regexp", "shared_group", "user_sharedgroup", NULL,
};
// clang-format on

static const char *const *const tables[] = {
	[EJABBERD_OPTION] = options,
	[EJABBERD_LISTENER] = listeners,
	[EJABBERD_LISTENER_OPTION] = listener_options,
	[EJABBERD_MODULE] = modules,
	[EJABBERD_MODULE_OPTION] = module_options,
	[EJABBERD_ACL] = acl_words,
	[EJABBERD_OTHER] = NULL,
};

bool ejabberd_knows(enum ejabberd_word kind, struct str word)
{
	for (const char *const *at = tables[kind]; at && *at; at++) {
		if (str_is(word, *at))
			return true;
	}
	return false;
}
