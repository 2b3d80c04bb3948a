/* SPDX-License-Identifier: MIT */
/* Copyright (c) 2026 Gatehouse founders */
/* ejabberd's words: top-level options, options of ejabberd_c2s, listeners, modules. */
#include "herald/daemon/ejabberd.h"

/* From ejabberd 23.01's documentation of its options. What herald builds leaves this list. */
static const char *const words[] = {
	/* top level */
	"access_rules", "acl", "acme", "allow_contrib_modules", "allow_multiple_connections",
	"anonymous_protocol", "api_permissions", "append_host_config", "auth_cache_life_time",
	"auth_cache_missed", "auth_cache_size", "auth_method", "auth_opts", "auth_password_format",
	"auth_scram_hash", "auth_use_cache", "c2s_cafile", "c2s_ciphers", "c2s_dhfile",
	"c2s_protocol_options", "c2s_tls_compression", "ca_file", "cache_life_time",
	"cache_missed", "cache_size", "captcha_cmd", "captcha_host", "captcha_limit",
	"captcha_url", "certfile", "cluster_backend", "cluster_nodes", "default_db",
	"default_ram_db", "define_macro", "disable_sasl_mechanisms", "domain_balancing",
	"ext_api_headers", "ext_api_http_pool_size", "ext_api_path_oauth", "ext_api_url",
	"extauth_pool_name", "extauth_pool_size", "extauth_program", "fqdn",
	"hide_sensitive_log_data", "host_config", "include_config_file", "jwt_auth_only_rule",
	"jwt_jid_field", "jwt_key", "language", "ldap_backups", "ldap_base", "ldap_filter",
	"ldap_password", "ldap_port", "ldap_rootdn", "ldap_servers", "ldap_uids", "log_burst_limit_count",
	"log_burst_limit_window_time", "log_modules_fully", "log_rotate_count", "log_rotate_size",
	"log_dir", "max_fsm_queue", "net_ticktime", "new_sql_schema", "oauth_access",
	"oauth_cache_life_time", "oauth_expire", "oauth_use_cache", "oom_killer", "oom_queue",
	"oom_watermark", "outgoing_s2s_families", "outgoing_s2s_port", "outgoing_s2s_timeout",
	"pam_service", "pam_userinfotype", "pgsql_users_number_estimate", "queue_dir",
	"queue_type", "redis_connect_timeout", "redis_db", "redis_password", "redis_port",
	"redis_server", "registration_timeout", "resource_conflict", "router_cache_size",
	"router_db_type", "rpc_timeout", "s2s_access", "s2s_cafile", "s2s_ciphers", "s2s_dhfile",
	"s2s_dns_retries", "s2s_dns_timeout", "s2s_max_retry_delay", "s2s_protocol_options",
	"s2s_queue_type", "s2s_timeout", "s2s_tls_compression", "s2s_use_starttls", "s2s_zlib",
	"shaper", "shaper_rules", "sm_db_type", "sm_use_cache", "sql_database", "sql_password",
	"sql_pool_size", "sql_port", "sql_server", "sql_type", "sql_username", "trusted_proxies",
	"use_cache", "validate_stream", "version", "websocket_origin", "websocket_ping_interval",
	"websocket_timeout", "override_acls",
	/* of listeners */
	"access", "accept_interval", "cafile", "ciphers", "dhfile", "global_routes", "hosts",
	"protocol_options", "request_handlers", "send_timeout", "shaper_rule", "tag",
	"tls_compression", "tls_verify", "transport", "unix_socket", "use_proxy_protocol", "zlib",
	"ejabberd_s2s_in", "ejabberd_service", "ejabberd_http", "ejabberd_sip", "ejabberd_stun",
	"ejabberd_xmlrpc", "mod_mqtt", "mod_proxy65",
	/* modules */
	"mod_adhoc", "mod_admin_extra", "mod_admin_update_sql", "mod_announce", "mod_avatar",
	"mod_block_strangers", "mod_blocking", "mod_bosh", "mod_caps", "mod_client_state",
	"mod_configure", "mod_conversejs", "mod_delegation", "mod_fail2ban", "mod_host_meta",
	"mod_http_api", "mod_http_fileserver", "mod_http_upload", "mod_http_upload_quota",
	"mod_jidprep", "mod_last", "mod_legacy_auth", "mod_mam", "mod_metrics", "mod_mix",
	"mod_mix_pam", "mod_muc", "mod_muc_admin", "mod_muc_log", "mod_muc_rtbl",
	"mod_multicast", "mod_pres_counter", "mod_privacy", "mod_privilege", "mod_proxy65",
	"mod_pubsub", "mod_push", "mod_push_keepalive", "mod_register", "mod_register_web",
	"mod_s2s_dialback", "mod_service_log", "mod_shared_roster", "mod_shared_roster_ldap",
	"mod_sic", "mod_sip", "mod_stats", "mod_stream_mgmt", "mod_stun_disco",
	"mod_vcard_xupdate",
	/* options of the modules that are here */
	"db_type", "iqdisc", "versioning", "store_current_id", "access_max_user_messages",
	"bounce_groupchat", "store_empty_body", "store_groupchat", "use_mam_for_storage",
	"extra_domains", "name", "server_info", "send_pings", "ping_interval", "ping_ack_timeout",
	"timeout_action", "show_os", "search", "matches", "allow_return_all", "vcard",
};

bool ejabberd_knows(struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (str_is(word, words[i]))
			return true;
	}
	return false;
}
